import type { Ctx } from "../context.ts";
import { enter } from "./enter.ts";
import type { Entered } from "./enteredTerminals.ts";
import { withNextStep } from "./obstacles.ts";

/** Into what ended under a terminal and is there again, in the way in which it had been entered. */
export async function goBack(ctx: Ctx, { target, entrance }: Entered): Promise<void> {
  const { home } = target;
  if (home === undefined) return;
  await withNextStep(() => enter(ctx, { ...target, process: { target: home } }, entrance));
  ctx.reentry.forget(home);
}
