import type { Ctx } from "../context.ts";
import { openAt } from "./openPanel.ts";

export async function showEvents(ctx: Ctx, argument: unknown): Promise<void> {
  await openAt(ctx, argument, "Show Events", "events");
}
