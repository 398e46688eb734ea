import { homedir } from "node:os";
import * as vscode from "vscode";
import type { SandboxSpecInput } from "../../helper/protocol/schemas.ts";
import type { Ctx } from "../context.ts";
import { settings } from "../contributions.ts";
import { failureText, UserError } from "../failure.ts";

/** What the user's settings say of every sandbox of the editor, in the words of sandbox.json. Rejects with a UserError. */
export async function sandboxDefaults(
  { helper }: Ctx,
  folder: string | undefined,
): Promise<SandboxSpecInput> {
  const defaults = vscode.workspace
    .getConfiguration(settings.section)
    .get<object>(settings.sandboxDefaults, {});
  if (Object.keys(defaults).length === 0) return {};
  const text = JSON.stringify(defaults);
  try {
    return await helper.request("sandbox/parse", { text, folder: folder ?? homedir() });
  } catch (error) {
    const setting = `${settings.section}.${settings.sandboxDefaults}`;
    throw new UserError(`The setting ${setting}: ${failureText(error)}`);
  }
}
