import * as vscode from "vscode";
import { rowScheme } from "../contributions.ts";

/** What the mark beside a row depends on; VS Code asks for it by a URI, which says all of it. */
export interface MarkSubject {
  /** A sandbox's id or a cgroup's path, whose alerts count. */
  readonly alerts: string | undefined;
  readonly isFrozen: boolean;
}

const frozen = "frozen";

export function markUri({ alerts, isFrozen }: MarkSubject): vscode.Uri {
  const path = isFrozen ? `/${frozen}` : "/row";
  return vscode.Uri.from({ scheme: rowScheme, path, query: alerts ?? "" });
}

export function markSubject({ path, query }: vscode.Uri): MarkSubject {
  return { alerts: query || undefined, isFrozen: path === `/${frozen}` };
}
