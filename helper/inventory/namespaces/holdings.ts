import type { NamespaceKeeper } from "../../protocol/hostTables.ts";
import type { NamespaceType } from "../../protocol/namespaces.ts";
import type { TaskTable } from "../tasks.ts";
import { readForChildren } from "./children.ts";
import { readDescriptors } from "./descriptors.ts";
import { readNamespaceMounts } from "./mounts.ts";
import type { NamespaceFile } from "./namespaceFile.ts";

/** Something other than membership that holds a namespace. */
export interface Holding {
  readonly type: NamespaceType;
  readonly inode: number;
  readonly keeper: NamespaceKeeper;
  /** Absent where opening it could do harm. */
  readonly file?: NamespaceFile | undefined;
}

/** What holds namespaces beside their members, and how much was not looked at. */
export interface Holdings {
  readonly holdings: readonly Holding[];
  readonly descriptorsLeftOut: number;
  readonly mountTablesCut: number;
}

export interface HoldingsOptions {
  /**
   * The network namespaces of sockets, too. Each socket is duplicated out of the process that has it, and held for
   * a moment: only for who asks for it.
   */
  readonly sockets?: boolean | undefined;
}

export const noHoldings: Holdings = { holdings: [], descriptorsLeftOut: 0, mountTablesCut: 0 };

/**
 * The deep part of the inventory: every descriptor of every process, and the mounts of every mount namespace. It
 * costs many times what the processes do, so that it is read by itself, rarely, and never keeps the helper from
 * answering for long: it rests between slices.
 */
export async function readHoldings(
  { tasks }: TaskTable,
  { sockets = false }: HoldingsOptions = {},
): Promise<Holdings> {
  const descriptors = await readDescriptors(tasks, sockets);
  const mounts = await readNamespaceMounts(tasks);
  const children = await readForChildren(tasks);
  return {
    holdings: [...descriptors.holdings, ...mounts.holdings, ...children],
    descriptorsLeftOut: descriptors.leftOut,
    mountTablesCut: mounts.cut,
  };
}
