import { createHash } from "node:crypto";
import * as vscode from "vscode";
import { narrow } from "../../helper/protocol/narrow.ts";
import { overlaid } from "../../helper/protocol/overlaid.ts";
import { powersOf } from "../../helper/protocol/powers.ts";
import { printable } from "../../helper/protocol/printable.ts";
import type { SandboxSpecInput } from "../../helper/protocol/schemas.ts";
import type { Ctx } from "../context.ts";
import { UserError } from "../failure.ts";

const agreedKey = "agreedSandboxFiles";

/** A folder's sandbox.json, as it was read once. */
export interface SandboxFile {
  readonly file: vscode.Uri;
  readonly text: string;
  readonly spec: SandboxSpecInput;
}

/** What the sandbox.json at the root of a folder asks for; undefined without one. */
export async function readSandboxFile(
  { helper }: Ctx,
  folder: string,
): Promise<SandboxFile | undefined> {
  const file = vscode.Uri.joinPath(vscode.Uri.file(folder), "sandbox.json");
  const text = await readText(file);
  if (text === undefined) return undefined;
  return { file, text, spec: await helper.request("sandbox/parse", { text, folder }) };
}

/**
 * The user's settings with the file's words over them. The folder is trusted already, but a file of it may still be new
 * to the user (a pull, a program that ran in a sandbox): the text that was agreed to is remembered, and another one is
 * asked about. Rejects with CancellationError.
 */
export async function trustedSpec(
  ctx: Ctx,
  allowed: SandboxSpecInput,
  { file, text, spec }: SandboxFile,
  folder: string,
): Promise<SandboxSpecInput> {
  const digest = createHash("sha256").update(text).digest("hex");
  await agree(ctx, file, digest, () => ask(file, powersOf(spec, folder)));
  return overlaid(allowed, spec);
}

/**
 * The same of a folder that is not trusted: the file may take away from what the settings allow. Where it asks for more
 * that is shown, and trusting the folder is the way on. Rejects with CancellationError.
 */
export async function untrustedSpec(
  allowed: SandboxSpecInput,
  { spec }: SandboxFile,
): Promise<SandboxSpecInput> {
  const narrowed = narrow(allowed, spec);
  if ("spec" in narrowed) return narrowed.spec;
  const trust = "Manage Trust";
  const without = "Open Without It";
  const detail = [
    "Beyond what your settings allow, the sandbox of its sandbox.json:",
    ...narrowed.widens.map(bullet),
  ].join("\n");
  const question = "This folder is not trusted, and asks for more than you allow.";
  const answer = await vscode.window.showWarningMessage(
    question,
    { modal: true, detail },
    trust,
    without,
  );
  if (answer === without) return allowed;
  if (answer === trust) await vscode.commands.executeCommand("workbench.trust.manage");
  throw new vscode.CancellationError();
}

function bullet(power: string): string {
  return `•\u00a0${printable(power)}`;
}

async function readText(file: vscode.Uri): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === "FileNotFound") return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`Cannot read ${file.fsPath}: ${reason}`);
  }
}

async function agree(
  { workspaceState }: Ctx,
  file: vscode.Uri,
  digest: string,
  asked: () => Promise<void>,
): Promise<void> {
  const agreed = workspaceState.get<Readonly<Record<string, string>>>(agreedKey, {});
  if (agreed[file.path] === digest) return;
  await asked();
  await workspaceState.update(agreedKey, { ...agreed, [file.path]: digest });
}

/** What it asks for beyond the default stands in the question: nobody reads a file that a dialogue covers. */
async function ask(file: vscode.Uri, powers: readonly string[]): Promise<void> {
  const use = "Use It";
  const show = "Show It";
  const detail = [
    `${printable(file.fsPath)} is new here, or was changed since you last used it.`,
    powers.length > 0
      ? "Beyond what a sandbox of this folder gets by itself, this one:"
      : "It asks for nothing beyond what a sandbox of this folder gets by itself.",
    ...powers.map(bullet),
  ].join("\n");
  const question = "Make the sandbox that this folder's sandbox.json describes?";
  const answer = await vscode.window.showWarningMessage(
    question,
    { modal: true, detail },
    use,
    show,
  );
  if (answer === use) return;
  if (answer === show) await vscode.window.showTextDocument(file);
  throw new vscode.CancellationError();
}
