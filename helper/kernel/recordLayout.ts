import type { NamespaceType } from "../protocol/namespaces.ts";

/** What the task iterator writes. native/inventory/record.h says the same in C; a test compares the two. */

export const recordMagic = 0x4b53_4154;
export const recordVersion = 2;
export const recordKinds = { header: 1, cgroup: 2, task: 3, set: 4, above: 5 } as const;
export const recordFlags = { kernelThread: 1, zombie: 2 } as const;

/** Offsets and sizes in bytes; all but `kind` and `size` (16 bits) and `comm` are words of 32 bits. */
export const recordStart = { kind: 0, size: 2 } as const;
export const headerRecord = { magic: 4, version: 8, sizeof: 12 } as const;
export const cgroupRecord = { set: 4, hierarchy: 8, idLow: 12, idHigh: 16, sizeof: 20 } as const;
export const taskRecord = {
  flags: 4,
  tgid: 8,
  tid: 12,
  parent: 16,
  uid: 20,
  euid: 24,
  set: 28,
  namespaces: 32,
  startLow: 36,
  startHigh: 40,
  comm: 44,
  nested: 60,
  pids: 64,
} as const;
export const setRecord = {
  set: 4,
  namespaces: 8,
  owners: 40,
  parent: 72,
  ownerUid: 76,
  ids: 80,
  sizeof: 144,
} as const;
export const aboveRecord = {
  type: 4,
  inode: 8,
  parent: 12,
  owner: 16,
  ownerUid: 20,
  id: 24,
  sizeof: 32,
} as const;
export const commBytes = 16;

/** Places in `namespaces`, `owners` and `ids`. */
export const recordedNamespaces = {
  ...{ pid: 0, mnt: 1, net: 2, user: 3, uts: 4, ipc: 5, cgroup: 6, time: 7 },
} as const satisfies Record<NamespaceType, number>;

export function word(words: Uint32Array, offset: number): number {
  return words[offset >> 2] ?? 0;
}
