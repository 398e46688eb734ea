import * as vscode from "vscode";
import { countOf } from "../../helper/protocol/words.ts";
import type { Ctx } from "../context.ts";
import { UserError } from "../failure.ts";
import type { Subject } from "../views/row.ts";
import { pickTarget, type Target } from "./pickers.ts";
import { type Given, subjectsOf } from "./subject.ts";

export type Copyable = Exclude<Subject, { kind: "group" }> | Target;

/** What the three copy commands share; `read` says which text a thing has, undefined for none. Several are lines. */
export async function copyOf(
  ctx: Ctx,
  given: Given,
  what: string,
  read: (from: Copyable) => string | undefined,
): Promise<void> {
  const kinds = ["sandbox", "container", "process", "namespace", "cgroup", "file"] as const;
  const selected: readonly Copyable[] = subjectsOf(ctx, given, ...kinds);
  const from = selected.length > 0 ? selected : await pickOne(ctx, `Copy ${what}`);
  if (from.length === 0) return;
  const texts = from.flatMap((one) => read(one) ?? []);
  if (texts.length === 0) throw new UserError(`There is no ${what} to copy here.`);
  await vscode.env.clipboard.writeText(texts.join("\n"));
  const words = texts.length === 1 ? what : countOf(texts.length, what);
  vscode.window.setStatusBarMessage(`Copied ${words}`, 2_000);
}

async function pickOne(ctx: Ctx, title: string): Promise<readonly Copyable[]> {
  const target = await pickTarget(ctx, title);
  return target ? [target] : [];
}
