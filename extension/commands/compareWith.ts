import { containerTitle } from "../../helper/protocol/containerWords.ts";
import type { ProcessFact } from "../../helper/protocol/inventory.ts";
import type { Ctx } from "../context.ts";
import type { ComparedSide } from "../documents/inspect.ts";
import { UserError } from "../failure.ts";
import type { Subject } from "../views/row.ts";
import { pickTarget, type Target } from "./pickers.ts";
import { subjectsOf } from "./subject.ts";

/** What differs between two processes, sandboxes or containers: the two that are selected, or a choice. */
export async function compareWith(ctx: Ctx, argument: unknown, selected: unknown): Promise<void> {
  const given = subjectsOf(
    ctx,
    { argument, selected },
    ...(["sandbox", "container", "process", "namespace"] as const),
  );
  const [first, second] = given;
  const left = first ?? (await pickTarget(ctx, "Compare"));
  if (!left) return;
  const from = sideOf(left);
  const right = second ?? (await pickTarget(ctx, `Compare ${from.title} With`));
  if (right) await ctx.documents.openComparison(from, sideOf(right));
}

function sideOf(target: Target | Extract<Subject, { kind: "process" }>): ComparedSide {
  switch (target.kind) {
    case "pid":
      return { target: `${target.pid}`, title: `process ${target.pid}` };
    case "sandbox":
      return { target: target.sandbox.id, title: target.sandbox.name };
    case "container": {
      const { pid, startTimeTicks } = target.container;
      return { target: `${pid}@${startTimeTicks}`, title: containerTitle(target.container) };
    }
    case "process":
      return sideOfProcess(target.process);
    case "namespace": {
      const { topmost } = target.namespace;
      if (!topmost)
        throw new UserError("No process is in this namespace, so there is none to compare.");
      return sideOfProcess(topmost);
    }
  }
}

function sideOfProcess({ pid, startTimeTicks, command }: ProcessFact): ComparedSide {
  return { target: `${pid}@${startTimeTicks}`, title: `${command} ${pid}` };
}
