import type { SandboxState } from "../../helper/protocol/inventory.ts";
import type { Ctx } from "../context.ts";
import { pickSandbox } from "./pickers.ts";
import { selectedSandboxes } from "./selectedSandboxes.ts";
import type { Given } from "./subject.ts";

/** Holds every process still; nothing is lost, so nothing is asked. */
export function pauseSandbox(ctx: Ctx, argument: unknown, selected: unknown): Promise<void> {
  return change(ctx, { argument, selected }, "Pause Sandbox", "running", "sandbox/pause");
}

export function resumeSandbox(ctx: Ctx, argument: unknown, selected: unknown): Promise<void> {
  return change(ctx, { argument, selected }, "Resume Sandbox", "paused", "sandbox/unpause");
}

async function change(
  ctx: Ctx,
  given: Given,
  title: string,
  from: SandboxState,
  method: "sandbox/pause" | "sandbox/unpause",
): Promise<void> {
  const suits = ({ state }: { readonly state: SandboxState }) => state === from;
  const sandboxes = await selectedSandboxes(ctx, given, suits, () =>
    pickSandbox(ctx, title, suits),
  );
  await Promise.all(sandboxes.map(({ id }) => ctx.helper.request(method, { target: id })));
  if (sandboxes.length > 0) await ctx.reports.refreshSandboxes();
}
