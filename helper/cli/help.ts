import type { CommandWords } from "./command.ts";
import type { Option } from "./options.ts";

/** Commands that somebody looks for together. */
export interface CommandGroup<C extends CommandWords = CommandWords> {
  readonly title: string;
  readonly commands: readonly C[];
}

/** `terrarium --help`. */
export function overview(groups: readonly CommandGroup[]): string {
  const names = groups.flatMap(({ commands }) => commands.map(({ name }) => name));
  const width = Math.max(...names.map((name) => name.length));
  const line = (name: string, summary: string) => `  ${name.padEnd(width)}  ${summary}`;
  return [
    "terrarium: sandboxes, namespaces and cgroups of this machine",
    "",
    "usage: terrarium COMMAND [OPTIONS]",
    ...groups.flatMap(({ title, commands }) => [
      "",
      `${title}:`,
      ...commands.map(({ name, summary }) => line(name, summary)),
    ]),
    line("helper", "serve an editor: helper --stdio | --socket PATH"),
    "",
    '"terrarium COMMAND --help" shows the options of one, --version the version.',
    "A sandbox is named by its name or id.",
    "Exit codes: the command's own; 125 Terrarium failed, 126 cannot execute,",
    "127 not found, 128+n signal n.",
  ].join("\n");
}

/** `terrarium COMMAND --help`. */
export function commandHelp({ usage, summary, options, examples = [] }: CommandWords): string {
  return [
    `usage: terrarium ${usage}`,
    "",
    summary,
    ...optionLines(options),
    ...(examples.length > 0 ? ["", "Examples:"] : []),
    ...examples.map((example) => `  ${example}`),
  ].join("\n");
}

/** One column for all, under the headings in the order in which they first appear. */
function optionLines(options: readonly Option[]): string[] {
  const width = Math.max(0, ...options.map((option) => spell(option).length));
  const line = (option: Option) => `  ${spell(option).padEnd(width)}  ${option.help}`;
  const headings = [...new Set(options.map(({ heading }) => heading))];
  return headings.flatMap((heading) => [
    "",
    ...(heading === undefined ? [] : [`${heading}:`]),
    ...options.filter((option) => option.heading === heading).map(line),
  ]);
}

function spell({ name, short, argument, implied }: Option): string {
  const value = implied === undefined ? ` ${argument}` : `[=${argument}]`;
  return `${short ? `-${short}, ` : "    "}--${name}${argument ? value : ""}`;
}
