import * as vscode from "vscode";
import { rowScheme } from "../contributions.ts";
import type { SandboxTerminals } from "../terminals/sandboxTerminals.ts";
import type { Alert, Alerts } from "./alerts.ts";
import { type MarkSubject, markSubject } from "./marks.ts";
import { TerminalTabs } from "./terminalTabs.ts";

const colors = {
  error: "list.errorForeground",
  warning: "list.warningForeground",
} as const;

/** A mark on the rows of a sandbox, container or cgroup, and on its terminals' tabs, until somebody has looked. */
export function registerDecorations(
  alerts: Alerts,
  terminals: SandboxTerminals,
): vscode.Disposable {
  const changed = new vscode.EventEmitter<undefined>();
  const tabs = new TerminalTabs();
  const redraw = () => {
    tabs.forget();
    changed.fire(undefined);
  };
  const redrawMarked = () => {
    if (alerts.isAnyNew) redraw();
  };
  const provider = vscode.window.registerFileDecorationProvider({
    onDidChangeFileDecorations: changed.event,
    provideFileDecoration: async (uri) => {
      if (uri.scheme === rowScheme) return rowDecoration(markSubject(uri), alerts);
      const terminal = alerts.isAnyNew ? await tabs.terminalOf(uri) : undefined;
      const sandbox = terminal && terminals.sandboxOf(terminal);
      return sandbox === undefined ? undefined : decoration(alerts.get(sandbox));
    },
  });
  return vscode.Disposable.from(
    changed,
    provider,
    alerts.onDidChange(redraw),
    vscode.window.onDidOpenTerminal(redrawMarked),
    vscode.window.onDidCloseTerminal(redrawMarked),
  );
}

/** What happened is more than how it is: an alert hides that a row stands still. */
function rowDecoration(
  { alerts: target, isFrozen }: MarkSubject,
  alerts: Alerts,
): vscode.FileDecoration | undefined {
  const alert = target === undefined ? undefined : decoration(alerts.get(target));
  return alert ?? (isFrozen ? standsStill : undefined);
}

const standsStill = new vscode.FileDecoration(
  "‖",
  "frozen: its processes stand still",
  new vscode.ThemeColor("descriptionForeground"),
);

function decoration(alert: Alert | undefined): vscode.FileDecoration | undefined {
  if (!alert?.isNew) return undefined;
  const { weight, words } = alert;
  return new vscode.FileDecoration("!", words, new vscode.ThemeColor(colors[weight]));
}
