import type { Ctx } from "../context.ts";
import { enter as enterTarget } from "../enter/enter.ts";
import type { Entrance } from "../enter/entrance.ts";
import { withNextStep } from "../enter/obstacles.ts";
import { type EnterTarget, targetOf } from "../enter/target.ts";
import { pickEnterable } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

/** A terminal that is what a process, container, sandbox, namespace or cgroup is. */
export async function enter(ctx: Ctx, argument: unknown): Promise<void> {
  await enterChosen(ctx, argument, "Enter", async () => ({}));
}

/** What all of them share: on what, in what way, and calm words where it cannot be. Undefined: better not. */
export async function enterChosen(
  ctx: Ctx,
  argument: unknown,
  title: string,
  choose: (target: EnterTarget) => Promise<Entrance | undefined>,
): Promise<void> {
  const kinds = ["sandbox", "container", "process", "namespace", "cgroup"] as const;
  const subject = subjectOf(ctx, argument, ...kinds) ?? (await pickEnterable(ctx, title));
  if (!subject) return;
  await withNextStep(async () => {
    const target = await targetOf(ctx, subject);
    const entrance = await choose(target);
    if (entrance) await enterTarget(ctx, target, entrance);
  });
}
