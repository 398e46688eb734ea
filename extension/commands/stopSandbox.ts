import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import { countOf } from "../../helper/protocol/words.ts";
import type { Ctx } from "../context.ts";
import { isAlive } from "../views/words.ts";
import { confirm } from "./confirm.ts";
import { endSandbox } from "./endSandbox.ts";
import { pickSandbox } from "./pickers.ts";
import { selectedSandboxes } from "./selectedSandboxes.ts";

export async function stopSandbox(ctx: Ctx, argument: unknown, selected: unknown): Promise<void> {
  const sandboxes = await selectedSandboxes(ctx, { argument, selected }, isAlive, () =>
    pickSandbox(ctx, "Stop Sandbox", isAlive),
  );
  if (sandboxes.length === 0 || !(await isMeant(sandboxes))) return;
  await Promise.all(
    sandboxes.map((sandbox) =>
      endSandbox(ctx, sandbox, () => ctx.helper.request("sandbox/stop", { target: sandbox.id })),
    ),
  );
}

function isMeant(sandboxes: readonly SandboxSummary[]): Promise<boolean> {
  const processes = sandboxes.reduce((sum, one) => sum + one.processes.length, 0);
  const detail = `${countOf(processes, "process")} will be asked to end, then killed. Files in the workspace stay.`;
  return confirm(`Stop ${namesOf(sandboxes)}?`, detail, "Stop");
}

/** `sandbox "web"`, `3 sandboxes: web, db, cache`. */
export function namesOf(sandboxes: readonly SandboxSummary[]): string {
  const names = sandboxes.map(({ name }) => name);
  return names.length === 1
    ? `sandbox "${names[0]}"`
    : `${countOf(names.length, "sandbox")}: ${names.join(", ")}`;
}
