import type { Ctx } from "../context.ts";
import { ways } from "../enter/entrance.ts";
import { enterChosen } from "./enter.ts";

/** Without the target's confinement; asks. */
export async function enterAsRoot(ctx: Ctx, argument: unknown): Promise<void> {
  await enterChosen(ctx, argument, "Enter as Root", async () => ways.root.entrance);
}
