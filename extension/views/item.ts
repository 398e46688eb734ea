import * as vscode from "vscode";
import { markUri } from "../events/marks.ts";
import { escapeMarkdown } from "../plain.ts";
import type { TreeNode } from "./nodes.ts";
import type { Card, Row, RowIcon } from "./row.ts";

/** A row as VS Code draws it. The tooltip is left out: it is made when somebody hovers. */
export function treeItem({ row }: TreeNode): vscode.TreeItem {
  const item = new vscode.TreeItem(row.label, collapsibleState(row));
  item.id = row.id;
  item.description = row.description;
  item.iconPath = themeIcon(row.icon);
  item.contextValue = row.tokens.join("+");
  if (row.alerts !== undefined || row.isFrozen)
    item.resourceUri = markUri({ alerts: row.alerts, isFrozen: row.isFrozen ?? false });
  item.accessibilityInformation = { label: row.spoken };
  return item;
}

function collapsibleState({ children, startsOpen }: Row): vscode.TreeItemCollapsibleState {
  if (!children) return vscode.TreeItemCollapsibleState.None;
  return startsOpen
    ? vscode.TreeItemCollapsibleState.Expanded
    : vscode.TreeItemCollapsibleState.Collapsed;
}

export function themeIcon({ codicon, color }: RowIcon): vscode.ThemeIcon {
  return color === undefined
    ? new vscode.ThemeIcon(codicon)
    : new vscode.ThemeIcon(codicon, new vscode.ThemeColor(color));
}

/** Names and paths come from processes that nobody vouches for: escaped, no HTML, no icons, no commands. */
export function cardMarkdown({ title, lesson, facts }: Card): vscode.MarkdownString {
  const parts = [`**${escapeMarkdown(title)}**`];
  if (lesson) parts.push(escapeMarkdown(lesson));
  if (facts.length > 0) parts.push(table(facts));
  const markdown = new vscode.MarkdownString(parts.join("\n\n"), false);
  markdown.isTrusted = false;
  markdown.supportHtml = false;
  return markdown;
}

function table(facts: Card["facts"]): string {
  const rows = facts.map(([name, value]) => `| ${unbroken(name)} | ${escapeMarkdown(value)} |`);
  return ["| | |", "|:--|:--|", ...rows].join("\n");
}

/** A long value would take the room of its name, and break it into lines. */
function unbroken(name: string): string {
  return `${escapeMarkdown(name).replaceAll(" ", "&nbsp;")}&nbsp;&nbsp;`;
}
