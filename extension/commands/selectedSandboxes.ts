import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import type { Ctx } from "../context.ts";
import { type Given, subjectsOf } from "./subject.ts";

/** The sandboxes that a command was run on, of those that suit it; where there is none, the one that is picked. */
export async function selectedSandboxes(
  ctx: Ctx,
  given: Given,
  suits: (sandbox: SandboxSummary) => boolean,
  pick: () => Promise<SandboxSummary | undefined>,
): Promise<readonly SandboxSummary[]> {
  const selected = subjectsOf(ctx, given, "sandbox").map(({ sandbox }) => sandbox);
  if (selected.length > 0) return selected.filter(suits);
  const picked = await pick();
  return picked ? [picked] : [];
}
