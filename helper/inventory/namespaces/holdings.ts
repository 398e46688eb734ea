import type { NamespaceKeeper } from "../../protocol/hostTables.ts";
import type { NamespaceType } from "../../protocol/namespaces.ts";
import type { TaskTable } from "../tasks.ts";
import { readDescriptors } from "./descriptors.ts";
import { readNamespaceMounts } from "./mounts.ts";

/** Something other than membership that holds a namespace. */
export interface Holding {
  readonly type: NamespaceType;
  readonly inode: number;
  readonly keeper: NamespaceKeeper;
  /** A file that opens the namespace; absent where opening it could do harm. */
  readonly path?: string | undefined;
}

/** What holds namespaces beside their members, and how much was not looked at. */
export interface Holdings {
  readonly holdings: readonly Holding[];
  readonly descriptorsLeftOut: number;
  readonly mountTablesCut: number;
}

export const noHoldings: Holdings = { holdings: [], descriptorsLeftOut: 0, mountTablesCut: 0 };

/**
 * The deep part of the inventory: every descriptor of every process, and the mounts of every mount namespace. It
 * costs many times what the processes do, so that it is read by itself, rarely, and never stops the helper from
 * answering for long: it rests between slices.
 */
export async function readHoldings(tasks: TaskTable): Promise<Holdings> {
  const descriptors = await readDescriptors(tasks.tasks);
  const mounts = await readNamespaceMounts(tasks.tasks);
  return {
    holdings: [...descriptors.holdings, ...mounts.holdings],
    descriptorsLeftOut: descriptors.leftOut,
    mountTablesCut: mounts.cut,
  };
}
