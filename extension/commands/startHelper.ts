import type { Ctx } from "../context.ts";

export async function startHelper(ctx: Ctx): Promise<void> {
  await ctx.helper.start();
}
