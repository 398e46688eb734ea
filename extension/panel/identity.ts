import type { ParameterInput } from "../../helper/protocol/methods.ts";
import type { PanelSubject } from "../../helper/protocol/panel.ts";

/** A process id is given anew: whatever is asked of the helper names the start time, too. */

export function targetOf({ kind, target, startTimeTicks }: PanelSubject): string {
  return kind === "process" && startTimeTicks !== undefined
    ? `${target}@${startTimeTicks}`
    : target;
}

export function processOf({
  target,
  startTimeTicks,
}: PanelSubject): ParameterInput<"process/inspect"> {
  return { pid: Number(target), startTimeTicks };
}
