import type { Ctx } from "../context.ts";

export async function refresh(ctx: Ctx): Promise<void> {
  await ctx.reports.refresh();
}
