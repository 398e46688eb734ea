import * as vscode from "vscode";
import {
  helperContextKey,
  type PrivilegeContextValue,
  privilegeContextKey,
  settings,
} from "../contributions.ts";
import type { Helper, HelperState } from "./helper.ts";

/** Menus and welcome content are chosen by these keys; the settings may want another helper. */
export function followHelper(helper: Helper, subscriptions: vscode.Disposable[]): void {
  const publish = () => {
    setContext(helperContextKey, helper.state.kind);
    setContext(privilegeContextKey, privilegeOf(helper.state));
  };
  subscriptions.push(
    helper.onDidChangeState(publish),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration(`${settings.section}.${settings.helper}`))
        helper.follow().catch(() => undefined);
    }),
  );
  // None was started yet, which is no news: a view starts one, and does not say before that that it is missing.
  if (helper.state.kind !== "stopped") publish();
}

function privilegeOf(state: HelperState): PrivilegeContextValue {
  if (state.kind !== "running" || !state.facts.privileged) return "rootless";
  if (state.facts.uid === process.getuid?.()) return "own";
  return state.facts.seesAll ? "root" : "unauthorised";
}

function setContext(key: string, value: string): void {
  void vscode.commands.executeCommand("setContext", key, value);
}

export function wantedHelper(): string {
  return vscode.workspace.getConfiguration(settings.section).get(settings.helper, "rootless");
}
