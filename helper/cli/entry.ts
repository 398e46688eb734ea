import {
  describeUnfollowed,
  type EntryPlan,
  type FollowedName,
  followedNames,
  isFollowedName,
  isLooser,
  type ToolboxChoice,
  toolboxChoices,
} from "../protocol/following.ts";
import type { StartedProcess } from "../protocol/methods.ts";
import { printable } from "../protocol/printable.ts";
import { shellWords } from "../protocol/shellWords.ts";
import { onTerminal } from "./attach.ts";
import { oneOf } from "./choice.ts";
import { isConfirmed } from "./confirm.ts";
import { isSet, lastValue, type Option, type ParsedArguments } from "./options.ts";
import { type Column, formatFacts, formatTable } from "./text.ts";
import { UsageError } from "./usage.ts";
import { cutCells } from "./width.ts";

export const entryOptions: readonly Option[] = [
  {
    name: "follow",
    argument: "LIST",
    help: "all, none, or names as identity,seccomp,umask",
  },
  { name: "as-root", help: "be root there, without its confinement; asks" },
  {
    name: "toolbox",
    argument: "WHEN",
    implied: "auto",
    help: "bring busybox: auto (no shell there), always, never",
  },
  { name: "thaw", help: "let a paused process run again first" },
  { name: "workdir", short: "w", argument: "DIR", help: "working directory inside" },
  { name: "dry-run", help: "show who you would be, and start nothing" },
];

/** `all`, `none`, or names with commas between. */
export function parseFollow(text: string | undefined): FollowedName[] {
  if (text === undefined || text === "all") return [...followedNames];
  if (text === "none") return [];
  const names = text.split(",");
  const unknown = names.find((name) => !isFollowedName(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `--follow: nothing that is followed is called "${unknown}"`,
      `It is all, none, or some of ${followedNames.join(", ")}.`,
    );
  }
  if (!names.includes("identity")) {
    throw new UsageError(
      "--follow: the others mean something for the identity of the process only",
      "Add identity, or follow none.",
    );
  }
  return names.filter(isFollowedName);
}

/** Undefined: the helper's default. */
export function parseToolbox(text: string | undefined): ToolboxChoice | undefined {
  return text === undefined ? undefined : oneOf("--toolbox", toolboxChoices, text);
}

const warning = `This starts a program of that container with more rights than the container has: what it does wrong, or what
somebody put there, is done with yours. Its own processes can see it and may try to take it over.`;

/**
 * Warns of an entry that leaves out what confines its target, and asks a person; whoever asked by a script has said it
 * by the option. False: no.
 */
export async function isMeant(parsed: ParsedArguments): Promise<boolean> {
  const looser =
    isSet(parsed, "as-root") ||
    (isSet(parsed, "follow") && isLooser(parseFollow(lastValue(parsed, "follow"))));
  if (!looser) return true;
  process.stderr.write(`terrarium: ${warning}\n`);
  return !onTerminal() || (await isConfirmed("Enter all the same?"));
}

/** What an entry did or left undone beside what was asked. */
export function tellOfEntry({ unfollowed = [], thawed = [] }: StartedProcess): void {
  for (const directory of thawed)
    process.stderr.write(`terrarium: thawed ${printable(directory)}\n`);
  for (const one of unfollowed) {
    process.stderr.write(`terrarium: ${printable(describeUnfollowed(one))}\n`);
  }
}

type Row = EntryPlan["rows"][number];

const columns: readonly Column<Row>[] = [
  { title: "", value: ({ name }) => name },
  { title: "HOST", value: ({ host }) => short(host), cut: true },
  { title: "TARGET", value: ({ target }) => short(target), cut: true },
  {
    title: "YOU WILL HAVE",
    cut: true,
    value: ({ target, entered }) => (entered === target ? "the same" : short(entered)),
  },
];

/** Who, what would run, and what would be other than here. */
export function describeEntry(plan: EntryPlan, room?: number): string {
  const facts = formatFacts([
    ["process", `${plan.pid} ${plan.command}, of ${plan.user}`],
    ["joins", plan.namespaces.join(", ")],
    ["command", shellWords(plan.args)],
    ["shells there", plan.shells && (plan.shells.join(" ") || "none")],
    ["toolbox", describeToolbox(plan)],
    ["paused by", plan.frozen?.join(" ")],
  ]);
  return `${facts}\n\n${formatTable(columns, plan.rows, room)}`;
}

function describeToolbox({ shells, toolbox }: EntryPlan): string | undefined {
  if (toolbox.used)
    return toolbox.missing ? `cannot be had: ${toolbox.missing}` : "is brought along";
  return shells?.length === 0 ? (toolbox.missing ?? "--toolbox brings a shell along") : undefined;
}

const longestCell = 44;

/** Fifteen capabilities are a long line; --json has them all. */
function short(text: string): string {
  return cutCells(text, longestCell);
}
