import type { Ctx } from "../context.ts";
import { terminalEnvironment } from "../terminals/environment.ts";
import { showTerminal } from "../terminals/sandboxTerminal.ts";
import { wantsShellIntegration } from "../terminals/shellIntegration.ts";
import { isAtRest } from "../views/words.ts";
import { pickSandbox } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

/** Starts what was created or has ended; a command that had a terminal gets one. */
export async function startSandbox(ctx: Ctx, argument: unknown): Promise<void> {
  const sandbox =
    subjectOf(ctx, argument, "sandbox")?.sandbox ??
    (await pickSandbox(ctx, "Start Sandbox", isAtRest));
  if (!sandbox) return;
  const { attach } = await ctx.helper.request("sandbox/start", {
    target: sandbox.id,
    stdio: sandbox.tty ? "tty" : "none",
    clientEnv: terminalEnvironment(process.env),
    shellIntegration: wantsShellIntegration(),
  });
  if (attach) showTerminal(ctx, sandbox, attach);
  await ctx.reports.refreshSandboxes();
}
