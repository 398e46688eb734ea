import type { Ctx } from "../context.ts";
import { TreeNode } from "../views/nodes.ts";

/** Takes the mark from the row that it was called on, or from all. */
export function clearAlert(ctx: Ctx, argument: unknown): void {
  ctx.alerts.look(argument instanceof TreeNode ? argument.row.alerts : undefined);
}
