import type { Ctx } from "../context.ts";
import { ways } from "../enter/entrance.ts";
import { enterChosen } from "./enter.ts";

/** This host's programs and files in another network: for a look at the packets of what has no tools of its own. */
export async function enterNetwork(ctx: Ctx, argument: unknown): Promise<void> {
  await enterChosen(ctx, argument, "Enter Network Only", async () => ways.network.entrance);
}
