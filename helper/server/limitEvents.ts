import type { UpdatedLimits } from "../protocol/limitsReport.ts";
import type { EventWatch } from "./events.ts";

/** Puts changed limits on the time line. What does not run has none, and what has just ended needs none. */
export async function tellChanges(
  events: EventWatch,
  target: string,
  byUid: number,
  { before, after }: UpdatedLimits,
): Promise<void> {
  for (const { limit, value, unavailable } of after) {
    if (unavailable !== undefined) continue;
    const from = before[limit] ?? undefined;
    const told = events.record(target, { kind: "limitChanged", limit, from, to: value, byUid });
    await told.catch(() => undefined);
  }
}
