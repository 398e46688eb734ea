import type { Engine } from "../engine.ts";
import { idInScope, isLongId } from "../words.ts";
import { readBundle } from "./containerd.ts";
import { containerdService } from "./containerdService.ts";

/**
 * A kubelet's containers, whichever runtime starts them. It puts them below `kubepods`, in one cgroup a pod:
 * kubelet's cgroup_manager_linux.go. Names stand in the runtime's files; the path has the pod's uid.
 */
export const kubernetes: Engine = {
  name: "kubernetes",
  inCgroup: (name, above) => {
    const id = containerId(name);
    if (id === undefined) return undefined;
    const uid = podUid(name, above);
    return uid === undefined ? undefined : { engine: "kubernetes", id, pod: { name: uid } };
  },
  readState: readBundle,
  service: containerdService,
};

/**
 * `ID` of the cgroupfs driver, `cri-containerd-ID.scope` or `docker-ID.scope` of systemd's, and
 * `SLICE:cri-containerd:ID` where the runtime was not told that the kubelet's is systemd's.
 */
function containerId(name: string): string | undefined {
  if (isLongId(name)) return name;
  for (const prefix of ["cri-containerd-", "docker-"]) {
    const id = idInScope(name, prefix);
    if (id !== undefined) return id;
  }
  const id = /^[^:]+:[^:]+:([^:]+)$/.exec(name)?.[1];
  return isLongId(id) ? id : undefined;
}

/** Of the pod whose cgroup stands above: systemd's names have `_` for `-`. Static pods' uids have neither. */
export function podUid(name: string, above: readonly string[]): string | undefined {
  const holder = name.includes(":") ? name.slice(0, name.indexOf(":")) : above.at(-1);
  if (holder === undefined || ![...above, holder].some((part) => part.includes("kubepods"))) {
    return undefined;
  }
  return /(?:^|-)pod([0-9a-f]{32}|[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})(?:\.slice)?$/
    .exec(holder)?.[1]
    ?.replaceAll("_", "-");
}
