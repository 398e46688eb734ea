import type { SandboxState } from "../../helper/protocol/inventory.ts";
import type { Ctx } from "../context.ts";
import { pickSandbox } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

/** Holds every process still; nothing is lost, so nothing is asked. */
export function pauseSandbox(ctx: Ctx, argument: unknown): Promise<void> {
  return change(ctx, argument, "Pause Sandbox", "running", "sandbox/pause");
}

export function resumeSandbox(ctx: Ctx, argument: unknown): Promise<void> {
  return change(ctx, argument, "Resume Sandbox", "paused", "sandbox/unpause");
}

async function change(
  ctx: Ctx,
  argument: unknown,
  title: string,
  from: SandboxState,
  method: "sandbox/pause" | "sandbox/unpause",
): Promise<void> {
  const sandbox =
    subjectOf(ctx, argument, "sandbox")?.sandbox ??
    (await pickSandbox(ctx, title, ({ state }) => state === from));
  if (!sandbox) return;
  await ctx.helper.request(method, { target: sandbox.id });
  await ctx.reports.refreshSandboxes();
}
