import { setTimeout } from "node:timers/promises";
import { findFrozen, holdersOf, thawOne } from "../limits/freezer.ts";
import { TerrariumError } from "../protocol/errors.ts";

/** Whoever joins a frozen cgroup stands still as well, the launcher in the middle of its work. */
export interface Frozen {
  /** Of those that would be joined, the first that the kernel holds. */
  readonly directory: string;
  /** What was frozen for it to be held: itself, or cgroups above; empty where that cannot be seen from here. */
  readonly holders: readonly string[];
}

export function frozenOf(directories: readonly string[]): Frozen | undefined {
  const directory = findFrozen(directories);
  return directory === undefined ? undefined : { directory, holders: holdersOf(directories) };
}

const rounds = 100;
const roundMs = 10;

/** Lets them run again; answers when they do. Throws processFrozen, cgroupFailed. */
export async function thawForEntry(
  pid: number,
  { directory, holders }: Frozen,
  directories: readonly string[],
): Promise<readonly string[]> {
  if (holders.length === 0) throw new TerrariumError("processFrozen", { pid, directory });
  for (const holder of holders) thawOne(holder);
  for (let round = 0; round < rounds; round += 1) {
    if (findFrozen(directories) === undefined) return holders;
    await setTimeout(roundMs);
  }
  throw new TerrariumError("processFrozen", { pid, directory });
}
