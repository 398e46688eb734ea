import type { EntryPlan, EntryRow } from "../../helper/protocol/following.ts";
import { facts } from "../../helper/protocol/words.ts";

/** The table host / target / you will have, as groups of lines: pure, so that it can be read without an editor. */

export interface PreviewLine {
  readonly name: string;
  readonly words: string;
  /** The whole of it, where the line has room for a part only. */
  readonly whole?: string | undefined;
}

export interface PreviewGroup {
  /** Says what the columns are. */
  readonly title: string;
  readonly lines: readonly PreviewLine[];
}

/** What is neither the host's nor the target's comes first: nobody would expect it. */
export function previewGroups(plan: EntryPlan): readonly PreviewGroup[] {
  const kinds: readonly Kind[] = [
    {
      title: `neither ${plan.command}'s nor the host's`,
      is: ({ host, target, entered }) => entered !== target && entered !== host,
      words: ({ host, target, entered }) =>
        `${short(entered)}  (host ${short(host)}, ${plan.command} ${short(target)})`,
    },
    {
      title: `as ${plan.command} has it: host → you will have`,
      is: ({ target, entered }) => entered === target,
      words: ({ host, entered }) => `${short(host)} → ${short(entered)}`,
    },
    {
      title: `stays the host's: you will have (${plan.command} has)`,
      is: ({ host, target, entered }) => entered === host && entered !== target,
      words: ({ entered, target }) => `${short(entered)}  (${short(target)})`,
    },
  ];
  return kinds
    .map(({ title, is, words }) => ({
      title,
      lines: plan.rows.filter(is).map((row) => line(row, words(row))),
    }))
    .filter(({ lines }) => lines.length > 0);
}

interface Kind {
  readonly title: string;
  is(row: EntryRow): boolean;
  words(row: EntryRow): string;
}

function line({ name, entered }: EntryRow, words: string): PreviewLine {
  return { name, words, ...(entered.length > longestCell && { whole: entered }) };
}

const longestCell = 36;

function short(text: string): string {
  return text.length > longestCell ? `${text.slice(0, longestCell - 1)}…` : text;
}

/** What Enter would do, in one line. */
export function entryWords({ namespaces, args, rows, user }: EntryPlan): string {
  const becomes = rows.find(({ name }) => name === "user")?.entered ?? user;
  return facts(`as ${becomes}`, namespaceWords(namespaces), `runs ${args.join(" ")}`);
}

export function namespaceWords(namespaces: readonly string[]): string {
  return namespaces.length === 1
    ? `in its ${namespaces[0]} namespace`
    : `in its ${namespaces.join(", ")} namespaces`;
}
