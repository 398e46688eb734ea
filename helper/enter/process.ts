import type { StartedProcess } from "../protocol/methods.ts";
import { startEntered } from "./enter.ts";
import { type EntryParameters, planEntry, type Visitor } from "./plan.ts";

/** Enters a process; the answer says what of it could not be taken over. */
export async function enterProcess(
  visitor: Visitor,
  parameters: EntryParameters,
): Promise<StartedProcess> {
  const { plan, unfollowed } = planEntry(visitor, parameters);
  const started = await startEntered(plan);
  const all = [...unfollowed, ...(started.unfollowed ?? [])];
  return { ...started, unfollowed: all.length > 0 ? all : undefined };
}
