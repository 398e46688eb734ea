import type { Ctx } from "../context.ts";
import { countOf, isAlive } from "../views/words.ts";
import { confirm } from "./confirm.ts";
import { endSandbox } from "./endSandbox.ts";
import { pickSandbox } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

export async function stopSandbox(ctx: Ctx, argument: unknown): Promise<void> {
  const sandbox =
    subjectOf(ctx, argument, "sandbox")?.sandbox ??
    (await pickSandbox(ctx, "Stop Sandbox", isAlive));
  if (!sandbox) return;
  const detail = `${countOf(sandbox.processes.length, "process")} will be asked to end, then killed. Files in the workspace stay.`;
  if (!(await confirm(`Stop sandbox "${sandbox.name}"?`, detail, "Stop"))) return;
  await endSandbox(ctx, sandbox, () => ctx.helper.request("sandbox/stop", { target: sandbox.id }));
}
