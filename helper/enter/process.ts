import { TerrariumError } from "../protocol/errors.ts";
import type { StartedProcess } from "../protocol/methods.ts";
import { startEntered } from "./enter.ts";
import { withIntegration } from "./integration.ts";
import { type EntryParameters, type PlannedEntry, planEntry, type Visitor } from "./plan.ts";
import { thawForEntry } from "./thaw.ts";
import { openToolbox } from "./toolbox.ts";

/** Enters a process; the answer says what of it could not be taken over. */
export async function enterProcess(
  visitor: Visitor,
  parameters: EntryParameters,
): Promise<StartedProcess> {
  const entry = planEntry(visitor, parameters);
  refuse(entry, parameters);
  const { plan, unfollowed, frozen } = entry;
  const toolbox = plan.toolbox && (await openToolbox(plan.toolbox.program));
  const thawed = frozen && (await thawForEntry(plan.pid, frozen, plan.cgroupDirectories));
  const whole = { ...plan, toolbox };
  const started = await startEntered(parameters.shellIntegration ? withIntegration(whole) : whole);
  const all = [...unfollowed, ...(started.unfollowed ?? [])];
  return { ...started, thawed, unfollowed: all.length > 0 ? all : undefined };
}

/** What is known to fail, said before anything is begun. */
function refuse({ toolbox, shells, frozen }: PlannedEntry, parameters: EntryParameters): void {
  const { pid, args, thaw } = parameters;
  if (toolbox.used && toolbox.missing !== undefined) {
    throw new TerrariumError("toolboxUnavailable", { why: toolbox.missing });
  }
  if (!toolbox.used && args === undefined && shells?.length === 0) {
    throw new TerrariumError("noShell", { pid, missing: toolbox.missing });
  }
  if (frozen && !thaw) {
    throw new TerrariumError("processFrozen", { pid, directory: frozen.directory });
  }
}
