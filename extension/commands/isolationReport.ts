import type { Ctx } from "../context.ts";
import { openAt } from "./openPanel.ts";

/** What a sandbox or a process can still see and do: a tab of its panel. */
export async function isolationReport(ctx: Ctx, argument: unknown): Promise<void> {
  await openAt(ctx, argument, "Isolation Report", "isolation");
}
