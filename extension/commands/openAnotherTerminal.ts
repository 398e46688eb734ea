import type { Ctx } from "../context.ts";
import { terminalEnvironment } from "../terminals/environment.ts";
import { showTerminal } from "../terminals/sandboxTerminal.ts";
import { wantsShellIntegration } from "../terminals/shellIntegration.ts";
import { pickSandbox } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

/** One more shell in a sandbox that runs. */
export async function openAnotherTerminal(ctx: Ctx, argument: unknown): Promise<void> {
  const sandbox =
    subjectOf(ctx, argument, "sandbox")?.sandbox ??
    (await pickSandbox(ctx, "Open Another Terminal", ({ state }) => state === "running"));
  if (!sandbox) return;
  const { attach } = await ctx.helper.request("sandbox/exec", {
    target: sandbox.id,
    stdio: "tty",
    clientEnv: terminalEnvironment(process.env),
    shellIntegration: wantsShellIntegration(),
  });
  showTerminal(ctx, sandbox, attach);
}
