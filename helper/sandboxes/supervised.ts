import * as z from "zod/mini";
import type { ProcessFact, SupervisedFact } from "../protocol/inventory.ts";
import { innerPid } from "../protocol/processes.ts";

/** `processes.json` of a sandbox's directory, written by the launcher's monitor at each change. */
export const supervisedRecord = z.array(
  z.object({
    name: z.string(),
    state: z.enum(["waiting", "running", "restarting", "exited"]),
    /** Inside, of its last run. */
    pid: z.int(),
    restarts: z.int(),
    /** How its last run ended; 0 before. */
    code: z.int(),
    signal: z.nullable(z.string()),
  }),
);

type SupervisedRecord = z.output<typeof supervisedRecord>[number];

/** The named processes of a sandbox, with their pids on the host. `members` is empty for one that has ended. */
export function describeSupervised(
  records: readonly SupervisedRecord[],
  members: readonly ProcessFact[],
): readonly SupervisedFact[] {
  return records.map((record) => {
    const process =
      record.state === "running"
        ? members.find((member) => innerPid(member) === record.pid)
        : undefined;
    // A sandbox that was killed had nobody left to write down how each of them ended.
    const state = members.length > 0 ? record.state : "exited";
    const hasEnded =
      record.restarts > 0 || record.state === "restarting" || record.state === "exited";
    return {
      name: record.name,
      state,
      pid: process?.pid,
      restarts: record.restarts,
      exitCode: hasEnded ? record.code : undefined,
      exitSignal: hasEnded ? (record.signal ?? undefined) : undefined,
    };
  });
}
