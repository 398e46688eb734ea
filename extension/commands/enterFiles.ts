import type { Ctx } from "../context.ts";
import { ways } from "../enter/entrance.ts";
import { enterChosen } from "./enter.ts";

/** Its files and programs, and all else as here. */
export async function enterFiles(ctx: Ctx, argument: unknown): Promise<void> {
  await enterChosen(ctx, argument, "Enter Files Only", async () => ways.files.entrance);
}
