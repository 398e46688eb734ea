import type { Engine } from "./engine.ts";
import { bubblewrap } from "./engines/bubblewrap.ts";
import { chromium } from "./engines/chromium.ts";
import { containerd } from "./engines/containerd.ts";
import { crio } from "./engines/crio.ts";
import { crun } from "./engines/crun.ts";
import { docker } from "./engines/docker.ts";
import { flatpak } from "./engines/flatpak.ts";
import { kubernetes } from "./engines/kubernetes.ts";
import { lxc } from "./engines/lxc.ts";
import { nspawn } from "./engines/nspawn.ts";
import { podman } from "./engines/podman.ts";
import { runc } from "./engines/runc.ts";
import { snap } from "./engines/snap.ts";
import { terrarium } from "./engines/terrarium.ts";

/**
 * Every engine that is known by its traces, in the order in which they are asked: a kubelet's cgroups before
 * those of the runtime below it. What none of them knows, byNamespace.ts may.
 */
export const engines: readonly Engine[] = [
  terrarium,
  crio,
  kubernetes,
  docker,
  podman,
  containerd,
  lxc,
  nspawn,
  flatpak,
  snap,
  bubblewrap,
  chromium,
  runc,
  crun,
];
