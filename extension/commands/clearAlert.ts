import type { Ctx } from "../context.ts";
import { subjectOf } from "./subject.ts";

/** Takes the mark from the row that it was called on, or from all. */
export function clearAlert(ctx: Ctx, argument: unknown): void {
  const subject = argument === undefined ? undefined : subjectOf(ctx, argument, "sandbox");
  ctx.alerts.look(subject?.sandbox.id);
}
