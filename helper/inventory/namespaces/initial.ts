import { namespaceLinks } from "../../kernel/procfs.ts";
import { namespaceTypes } from "../../protocol/namespaces.ts";

/**
 * Inode numbers that the kernel gives to the namespaces of its own start: include/linux/proc_ns.h, and
 * since Linux 6.18 include/uapi/linux/nsfs.h, which adds the last two.
 */
const wellKnownInodes = {
  ipc: 0xefffffff,
  uts: 0xeffffffe,
  user: 0xeffffffd,
  pid: 0xeffffffc,
  cgroup: 0xeffffffb,
  time: 0xeffffffa,
  net: 0xeffffff9,
  mnt: 0xeffffff8,
} as const;

/**
 * Inodes of the namespaces of the host's own start: PID 1's, or the helper's own where PID 1 may not be
 * read (a user's helper; an init with more capabilities than root has here).
 */
export function initialNamespaces(): ReadonlySet<number> {
  initial ??= readInitial();
  return initial;
}

/** They are there as long as the helper is. */
let initial: ReadonlySet<number> | undefined;

function readInitial(): ReadonlySet<number> {
  const first = namespaceLinks(1);
  const links = typeof first === "object" ? first : namespaceLinks("self");
  const inodes = typeof links === "object" ? namespaceTypes.map((type) => links[type]) : [];
  return new Set([...Object.values(wellKnownInodes), ...inodes]);
}
