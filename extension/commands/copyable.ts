import * as vscode from "vscode";
import type { Ctx } from "../context.ts";
import { UserError } from "../failure.ts";
import type { Subject } from "../views/row.ts";
import { pickTarget, type Target } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

export type Copyable = Exclude<Subject, { kind: "group" }> | Target;

/** What the three copy commands share; `read` says which text a thing has, undefined for none. */
export async function copyOf(
  ctx: Ctx,
  argument: unknown,
  what: string,
  read: (from: Copyable) => string | undefined,
): Promise<void> {
  const from =
    subjectOf(ctx, argument, "sandbox", "process", "namespace", "cgroup", "file") ??
    (await pickTarget(ctx, `Copy ${what}`));
  if (!from) return;
  const text = read(from);
  if (text === undefined) throw new UserError(`There is no ${what} to copy here.`);
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(`Copied ${what}`, 2_000);
}
