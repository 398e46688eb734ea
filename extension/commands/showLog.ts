import type { Ctx } from "../context.ts";

export function showLog(ctx: Ctx): void {
  ctx.log.show();
}
