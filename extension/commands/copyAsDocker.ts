import * as vscode from "vscode";
import type { Ctx } from "../context.ts";
import { pickSandbox } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

/** The `docker run` that comes nearest to a sandbox of ours, with comments where it is not the same. */
export async function copyAsDocker(ctx: Ctx, argument: unknown): Promise<void> {
  const sandbox =
    subjectOf(ctx, argument, "sandbox")?.sandbox ??
    (await pickSandbox(ctx, "Copy as Docker Command"));
  if (!sandbox) return;
  const { spec } = await ctx.helper.request("sandbox/inspect", { target: sandbox.id });
  const { text } = await ctx.helper.request("sandbox/export", { spec, as: "docker" });
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage("Copied docker command", 2_000);
}
