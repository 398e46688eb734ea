import type { PanelSubject, PanelTab } from "../../helper/protocol/panel.ts";
import type { Ctx } from "../context.ts";
import { panelSubject } from "../panel/subject.ts";
import { pickLimited } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

export async function openPanel(ctx: Ctx, argument: unknown): Promise<void> {
  await openAt(ctx, argument, "Open Panel");
}

export async function openLimits(ctx: Ctx, argument: unknown): Promise<void> {
  await openAt(ctx, argument, "Open Limits", "limits");
}

/** The panel of the row, or of what a picker chooses; where it was left when no tab is named. */
export async function openAt(
  ctx: Ctx,
  argument: unknown,
  title: string,
  tab?: PanelTab,
): Promise<void> {
  const subject = await subjectFor(ctx, argument, title);
  if (subject) ctx.panels.show(subject, tab);
}

export async function subjectFor(
  ctx: Ctx,
  argument: unknown,
  title: string,
): Promise<PanelSubject | undefined> {
  const target =
    subjectOf(ctx, argument, "sandbox", "container", "process", "cgroup", "namespace") ??
    (await pickLimited(ctx, title));
  return target && panelSubject(ctx.helper, target);
}
