import * as vscode from "vscode";
import { rowScheme } from "../contributions.ts";
import type { EnteredTerminals } from "../enter/enteredTerminals.ts";
import type { SandboxTerminals } from "../terminals/sandboxTerminals.ts";
import type { Alert, Alerts } from "./alerts.ts";
import { type MarkSubject, markSubject } from "./marks.ts";
import { TerminalTabs } from "./terminalTabs.ts";

const colors = {
  error: "list.errorForeground",
  warning: "list.warningForeground",
} as const;

/**
 * A mark on the rows of a sandbox, container or cgroup, and on its terminals' tabs, until somebody has looked. A tab
 * inside of something says in its card what that is.
 */
export function registerDecorations(
  alerts: Alerts,
  terminals: SandboxTerminals,
  entered: EnteredTerminals,
): vscode.Disposable {
  const changed = new vscode.EventEmitter<undefined>();
  const tabs = new TerminalTabs();
  const redraw = () => {
    tabs.forget();
    changed.fire(undefined);
  };
  const isAny = () => alerts.isAnyNew || vscode.window.terminals.some((one) => entered.of(one));
  const redrawMarked = () => {
    if (isAny()) redraw();
  };
  const provider = vscode.window.registerFileDecorationProvider({
    onDidChangeFileDecorations: changed.event,
    provideFileDecoration: async (uri) => {
      if (uri.scheme === rowScheme) return rowDecoration(markSubject(uri), alerts);
      const terminal = isAny() ? await tabs.terminalOf(uri) : undefined;
      return terminal && tabDecoration(terminal, alerts, terminals, entered);
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

function tabDecoration(
  terminal: vscode.Terminal,
  alerts: Alerts,
  terminals: SandboxTerminals,
  entered: EnteredTerminals,
): vscode.FileDecoration | undefined {
  const sandbox = terminals.sandboxOf(terminal);
  const alert = sandbox === undefined ? undefined : decoration(alerts.get(sandbox));
  const tooltip = entered.of(terminal)?.tooltip;
  return (
    alert ?? (tooltip === undefined ? undefined : new vscode.FileDecoration(undefined, tooltip))
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
