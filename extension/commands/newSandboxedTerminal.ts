import * as vscode from "vscode";
import type { Ctx } from "../context.ts";
import { newSandboxTerminal } from "../terminals/sandboxTerminal.ts";

export async function newSandboxedTerminal(ctx: Ctx): Promise<void> {
  vscode.window.createTerminal(await newSandboxTerminal(ctx)).show();
}
