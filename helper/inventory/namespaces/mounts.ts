import { fstatSync, openSync, statSync } from "node:fs";
import { namespaceUserns } from "../../kernel/libc.ts";
import { type MountInfo, parseMountinfo } from "../../kernel/mountinfo.ts";
import { readMountinfoText } from "../../kernel/procfs.ts";
import { parseNamespaceName } from "../../kernel/proctext.ts";
import { printable } from "../../protocol/printable.ts";
import { processKey } from "../processKey.ts";
import type { Task } from "../tasks.ts";
import { inSlices } from "../turns.ts";
import type { Holding } from "./holdings.ts";
import { closing, type NamespaceFile } from "./namespaceFile.ts";
import { unlessHidden } from "./unlessHidden.ts";

/** One process of each mount namespace is asked; where the kernel does not let us, so many others. */
const mostAsked = 4;
const longestPath = 1024;

/**
 * Bind mounts of nsfs (those of `ip netns`, snapd, Docker, containerd, CRI-O) in every mount namespace that a
 * process is in. A mount namespace that only a bind mount keeps has a table of mounts, too, which cannot be read
 * without entering it: what is pinned in there alone is not found.
 */
export async function readNamespaceMounts(tasks: readonly Task[]) {
  const holdings: Holding[] = [];
  let cut = 0;
  await inSlices(membersByMountNamespace(tasks), ([mountNamespace, members]) => {
    const table = readTable(members);
    if (!table) return;
    if (table.isCut) cut += 1;
    holdings.push(...holdingsIn(table, mountNamespace));
  });
  return { holdings, cut };
}

interface Table {
  readonly task: Task;
  readonly text: string;
  readonly isCut: boolean;
}

function membersByMountNamespace(tasks: readonly Task[]): ReadonlyMap<number, readonly Task[]> {
  const all = new Map<number, Task[]>();
  for (const task of tasks) {
    const inode = task.namespaces.mnt;
    if (inode === 0) continue;
    const members = all.get(inode);
    if (!members) all.set(inode, [task]);
    else if (members.length < mostAsked) members.push(task);
  }
  return all;
}

function readTable(members: readonly Task[]): Table | undefined {
  for (const task of members) {
    const table = unlessHidden(() => readMountinfoText(task.pid));
    if (table) return { task, ...table };
  }
  return undefined;
}

function holdingsIn({ task, text }: Table, mountNamespace: number): readonly Holding[] {
  if (!text.includes(" - nsfs ")) return [];
  const mounts = parseMountinfo(text);
  const byId = new Map(mounts.map((mount) => [mount.id, mount]));
  const isOurs = isOwnedByOurs(task.pid);
  return mounts.flatMap((mount): readonly Holding[] => {
    const namespace = mount.fileSystem === "nsfs" ? parseNamespaceName(mount.root) : undefined;
    if (!namespace) return [];
    const path = printable(mount.mountPoint, longestPath);
    const file = isOurs && isLocal(mount, byId) ? fileOf(task, mount) : undefined;
    return [{ ...namespace, keeper: { kind: "mount", path, mountNamespace }, file }];
  });
}

function fileOf(task: Task, { mountPoint }: MountInfo): NamespaceFile {
  return {
    kind: "chosen",
    path: `/proc/${task.pid}/root${mountPoint}`,
    through: `${processKey(task)}${mountPoint}`,
  };
}

/**
 * A path is walked only where nobody but root of this host can have mounted something on the way: who is root of a
 * user namespace mounts FUSE, does not answer, and the helper would wait for ever. What is pinned there is listed
 * without its owner, unless it is seen elsewhere, too.
 */
function isOwnedByOurs(pid: number): boolean {
  const owner = unlessHidden(() =>
    closing(openSync(`/proc/${pid}/ns/mnt`, "r"), (namespace) =>
      closing(namespaceUserns(namespace), (userNamespace) => fstatSync(userNamespace).ino),
    ),
  );
  return owner === statSync("/proc/self/ns/user").ino;
}

/** Every mount from the root down: fusermount(1) mounts for any user, and a network file system may not answer. */
function isLocal(mount: MountInfo, byId: ReadonlyMap<number, MountInfo>): boolean {
  for (let at: MountInfo | undefined = mount; at; at = byId.get(at.parentId)) {
    if (!localFileSystems.has(at.fileSystem)) return false;
    if (at.parentId === at.id) return true;
  }
  return true;
}

const localFileSystems: ReadonlySet<string> = new Set([
  ...["nsfs", "tmpfs", "ramfs", "rootfs", "devtmpfs", "proc", "sysfs", "overlay"],
  ...["ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "bcachefs", "squashfs", "erofs"],
]);
