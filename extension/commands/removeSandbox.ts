import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import { countOf } from "../../helper/protocol/words.ts";
import type { Ctx } from "../context.ts";
import { isAtRest } from "../views/words.ts";
import { confirm } from "./confirm.ts";
import { endSandbox } from "./endSandbox.ts";
import { pickSandbox } from "./pickers.ts";
import { selectedSandboxes } from "./selectedSandboxes.ts";
import { namesOf } from "./stopSandbox.ts";

export async function removeSandbox(ctx: Ctx, argument: unknown, selected: unknown): Promise<void> {
  const sandboxes = await selectedSandboxes(
    ctx,
    { argument, selected },
    () => true,
    () => pickSandbox(ctx, "Remove Sandbox"),
  );
  if (sandboxes.length === 0) return;
  if (!(await confirm(`Remove ${namesOf(sandboxes)}?`, consequences(sandboxes), "Remove"))) return;
  await Promise.all(sandboxes.map((sandbox) => remove(ctx, sandbox)));
}

function consequences(sandboxes: readonly SandboxSummary[]): string {
  const alive = sandboxes.filter((sandbox) => !isAtRest(sandbox));
  const processes = alive.reduce((sum, one) => sum + one.processes.length, 0);
  const [first] = alive;
  if (!first) return "It can then not be started again. Files in the workspace stay.";
  const whose = sandboxes.length === 1 ? `It is ${first.state}` : `${alive.length} of them live`;
  return `${whose}: ${countOf(processes, "process")} will be killed. Files in the workspace stay.`;
}

async function remove(ctx: Ctx, sandbox: SandboxSummary): Promise<void> {
  const force = !isAtRest(sandbox);
  await endSandbox(ctx, sandbox, () =>
    ctx.helper.request("sandbox/remove", { target: sandbox.id, force }),
  );
}
