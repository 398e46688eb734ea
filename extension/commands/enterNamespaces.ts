import type { Ctx } from "../context.ts";
import { chooseNamespaces } from "../enter/namespaces.ts";
import { enterChosen } from "./enter.ts";

/** Some of the eight types. */
export async function enterNamespaces(ctx: Ctx, argument: unknown): Promise<void> {
  await enterChosen(ctx, argument, "Enter Namespaces", async ({ process, place }) => {
    const { pid, startTimeTicks } = process;
    const only = pid && (await chooseNamespaces(ctx, { pid, startTimeTicks }, place));
    return only ? { only: [...only] } : undefined;
  });
}
