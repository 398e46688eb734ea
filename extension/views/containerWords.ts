import type { EngineName, HostContainer } from "../../helper/protocol/hostTables.ts";
import { ageWords } from "../../helper/protocol/words.ts";
import type { RowIcon } from "./row.ts";

/** How containers of other engines are called in rows, menus and questions. */

/** An engine as its makers write it, and what its containers are. */
export const engineWords: Readonly<
  Record<EngineName, { readonly title: string; readonly lesson: string; readonly icon: string }>
> = {
  terrarium: engine("Terrarium", "A sandbox of another user's."),
  docker: engine("Docker", "Made by Docker's daemon, by way of containerd and runc."),
  podman: engine("Podman", "Made by Podman: no daemon, its parent is conmon."),
  containerd: engine("containerd", "Made by containerd, which Docker and Kubernetes build on."),
  kubernetes: engine("Kubernetes", "One container of a pod, which Kubernetes looks after."),
  "cri-o": engine("CRI-O", "One container of a pod, made by CRI-O for Kubernetes."),
  lxc: engine("LXC", "A whole system: its own init, on the kernel of this machine."),
  nspawn: engine("systemd-nspawn", "A whole system, booted by systemd on this machine's kernel."),
  runc: engine("runc", "Made by runc, the runtime below most engines, without one above it."),
  crun: engine("crun", "Made by crun, a runtime written in C, without an engine above it."),
  bubblewrap: engine("bubblewrap", "A program that bubblewrap started in namespaces of its own."),
  flatpak: engine("Flatpak", "An app that Flatpak runs in a bubblewrap sandbox.", "window"),
  snap: engine("snap", "An app that snapd confines.", "window"),
  chromium: engine("Chromium", "The sandbox that a browser puts its own processes into.", "window"),
  unknown: engine(
    "unknown engine",
    "Nobody says who made it: its processes have namespaces of their own.",
    "circle-outline",
  ),
};

function engine(title: string, lesson: string, icon = "package") {
  return { title, lesson, icon };
}

export function containerIcon({ engine: name, state }: HostContainer): RowIcon {
  if (state === "paused") return { codicon: "debug-pause", color: "charts.yellow" };
  return { codicon: engineWords[name].icon };
}

/** `running 12 min`, `paused`. */
export function runningWords(state: string, startedAtMs: number | undefined, nowMs: number) {
  return state === "running" && startedAtMs !== undefined
    ? `running ${ageWords(nowMs - startedAtMs)}`
    : state;
}
