import type { Command } from "./command.ts";
import type { Option } from "./options.ts";

/** `terrarium --help`. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length), "helper".length);
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    "terrarium: sandboxes, namespaces and cgroups of this machine",
    "",
    "usage: terrarium COMMAND [OPTIONS]",
    "",
    ...lines,
    `  ${"helper".padEnd(width)}  serve an editor: helper --stdio | --socket PATH`,
    "",
    '"terrarium COMMAND --help" shows the options of a command.',
    "A sandbox is named by its name or id.",
    "Exit codes: the command's own; 125 Terrarium failed, 126 cannot execute,",
    "127 not found, 128+n signal n.",
  ].join("\n");
}

/** `terrarium COMMAND --help`. */
export function commandHelp({ usage, summary, options }: Command): string {
  const spellings = options.map(spell);
  const width = Math.max(0, ...spellings.map((text) => text.length));
  const lines = options.map(
    ({ help }, index) => `  ${(spellings[index] ?? "").padEnd(width)}  ${help}`,
  );
  return [
    `usage: terrarium ${usage}`,
    "",
    summary,
    ...(lines.length > 0 ? ["", ...lines] : []),
  ].join("\n");
}

function spell({ name, short, argument }: Option): string {
  return `${short ? `-${short}, ` : "    "}--${name}${argument ? ` ${argument}` : ""}`;
}
