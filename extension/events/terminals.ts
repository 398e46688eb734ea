import * as vscode from "vscode";
import type { SandboxTerminals } from "../terminals/sandboxTerminals.ts";
import type { EventFeed } from "./feed.ts";

/** While a tab is in a sandbox, what happens to sandboxes is heard of, also with every view closed. */
export function followWithTerminals(
  events: EventFeed,
  terminals: SandboxTerminals,
): vscode.Disposable {
  const follow = () => {
    const isAny = vscode.window.terminals.some((one) => terminals.sandboxOf(one) !== undefined);
    events.want("terminals", isAny ? { sandboxes: true } : undefined);
  };
  follow();
  return vscode.Disposable.from(
    vscode.window.onDidOpenTerminal(follow),
    vscode.window.onDidCloseTerminal(follow),
  );
}
