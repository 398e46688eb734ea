import { isDenied, isGone } from "../../kernel/errors.ts";
import { type MountInfo, parseMountinfo } from "../../kernel/mountinfo.ts";
import { printable } from "../../kernel/printable.ts";
import { readMountinfoText } from "../../kernel/procfs.ts";
import { parseNamespaceName } from "../../kernel/proctext.ts";
import type { Task } from "../tasks.ts";
import type { Holding } from "./holdings.ts";
import { inSlices } from "./slices.ts";

/** One process of each mount namespace is asked; where the kernel does not let us, that many others. */
const mostAsked = 4;
const longestPath = 1024;

/**
 * Bind mounts of nsfs (`ip netns`, snapd, Docker's netns, containerd's and CRI-O's) in every mount namespace
 * that a process is in. A mount namespace that only a bind mount keeps has a table of mounts, too, which
 * cannot be read without entering it: what is pinned in there alone is not found.
 */
export async function readNamespaceMounts(tasks: readonly Task[]) {
  const holdings: Holding[] = [];
  let cut = 0;
  await inSlices(membersByMountNamespace(tasks), ([inode, pids]) => {
    const table = readTable(pids);
    if (!table) return;
    cut += table.isCut ? 1 : 0;
    for (const mount of parseMountinfo(linesOfNsfs(table.text))) {
      const namespace = mount.fileSystem === "nsfs" ? parseNamespaceName(mount.root) : undefined;
      if (!namespace) continue;
      holdings.push({ ...namespace, keeper: keeperOf(mount, inode) });
    }
  });
  return { holdings, cut };
}

function keeperOf({ mountPoint }: MountInfo, mountNamespace: number) {
  return { kind: "mount", path: printable(mountPoint, longestPath), mountNamespace } as const;
}

function membersByMountNamespace(tasks: readonly Task[]): ReadonlyMap<number, readonly number[]> {
  const members = new Map<number, number[]>();
  for (const { pid, namespaces } of tasks) {
    if (namespaces.mnt === 0) continue;
    const pids = members.get(namespaces.mnt);
    if (!pids) members.set(namespaces.mnt, [pid]);
    else if (pids.length < mostAsked) pids.push(pid);
  }
  return members;
}

function readTable(pids: readonly number[]) {
  for (const pid of pids) {
    try {
      return readMountinfoText(pid);
    } catch (error) {
      if (!isGone(error) && !isDenied(error)) throw error;
    }
  }
  return undefined;
}

/** Thousands of mounts, of which a few are of interest. */
function linesOfNsfs(text: string): string {
  if (!text.includes(" - nsfs ")) return "";
  return text
    .split("\n")
    .filter((line) => line.includes(" - nsfs "))
    .join("\n");
}
