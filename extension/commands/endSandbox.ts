import * as vscode from "vscode";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import type { Ctx } from "../context.ts";
import { views } from "../contributions.ts";

/** What Stop and Remove share: tabs closed, progress in the view, and already gone is as good as done. */
export async function endSandbox(
  ctx: Ctx,
  { id }: SandboxSummary,
  request: () => Promise<null>,
): Promise<void> {
  ctx.terminals.close(id);
  try {
    await vscode.window.withProgress({ location: { viewId: views.containers } }, request);
  } catch (error) {
    const gone =
      TerrariumError.is(error, "noSuchSandbox") || TerrariumError.is(error, "sandboxNotRunning");
    if (!gone) throw error;
  }
}
