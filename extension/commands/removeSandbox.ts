import type { Ctx } from "../context.ts";
import { countOf, isAtRest } from "../views/words.ts";
import { confirm } from "./confirm.ts";
import { endSandbox } from "./endSandbox.ts";
import { pickSandbox } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

export async function removeSandbox(ctx: Ctx, argument: unknown): Promise<void> {
  const sandbox =
    subjectOf(ctx, argument, "sandbox")?.sandbox ?? (await pickSandbox(ctx, "Remove Sandbox"));
  if (!sandbox) return;
  const force = !isAtRest(sandbox);
  const detail = force
    ? `It is ${sandbox.state}: ${countOf(sandbox.processes.length, "process")} will be killed. Files in the workspace stay.`
    : "It can then not be started again. Files in the workspace stay.";
  if (!(await confirm(`Remove sandbox "${sandbox.name}"?`, detail, "Remove"))) return;
  await endSandbox(ctx, sandbox, () =>
    ctx.helper.request("sandbox/remove", { target: sandbox.id, force }),
  );
}
