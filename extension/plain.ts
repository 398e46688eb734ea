import { printable } from "../helper/protocol/printable.ts";

/**
 * Names of processes, sandboxes, cgroups and files are chosen by whoever runs there. Each place that
 * shows text has its own markup; these functions take it away from a value.
 */

/** For a notification, where `[text](command:id)` would be a link that runs a command. */
export function withoutLinks(text: string): string {
  return printable(text).replace(/\]\(/g, "] (");
}

/** For a quick pick or the status bar, where `$(name)` would be an icon. */
export function withoutIcons(text: string): string {
  return printable(text).replace(/\$\(/g, "$ (");
}

/** For a Markdown card: every character that could begin markup, a table cell or a tag is escaped. */
export function escapeMarkdown(text: string): string {
  return printable(text).replace(/[\\`*_{}[\]()#+\-.!|<>&~$:@/]/g, (mark) =>
    /[<>&]/.test(mark) ? htmlEntity(mark) : `\\${mark}`,
  );
}

function htmlEntity(mark: string): string {
  return `&#${mark.charCodeAt(0)};`;
}
