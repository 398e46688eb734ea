import { userName } from "../kernel/identity.ts";
import type { EntryPlan, EntryRow } from "../protocol/following.ts";
import { printable } from "../protocol/printable.ts";
import { type Attribute, attributes } from "./attributes.ts";
import { type EntryParameters, type PlannedEntry, planEntry, type Visitor } from "./plan.ts";
import { targetRoot } from "./toolbox.ts";

/** What entering a process would mean: who enters, against the host and the target. Nothing is started. */
export function previewEntry(visitor: Visitor, parameters: EntryParameters): EntryPlan {
  const entry = planEntry(visitor, parameters);
  const { pid, startTimeTicks } = entry.plan;
  const rows = attributes.flatMap((attribute) => rowOf(attribute, visitor, entry));
  return {
    pid,
    startTimeTicks,
    command: printable(entry.stat.command),
    user: userName(entry.status.uid.effective),
    args: entry.plan.args.map((word) => printable(word)),
    namespaces: entry.plan.namespaces,
    shells: entry.shells?.map((shell) => printable(shell)),
    toolbox: entry.toolbox,
    frozen: entry.frozen?.holders,
    rows,
  };
}

const untold = "not told";

function rowOf(attribute: Attribute, visitor: Visitor, entry: PlannedEntry): EntryRow[] {
  const [host, target] = [process.pid, entry.plan.pid].map((pid) => attribute.read(pid));
  const isMoved = attribute.name in placesOfToolbox && isToolbox(entry);
  if (host === target && !isMoved) return [];
  const entered = enteredOf({ attribute, host, target, visitor, entry });
  return [
    {
      name: attribute.name,
      host: printable(host ?? untold),
      target: printable(target ?? untold),
      entered: printable(entered ?? untold),
    },
  ];
}

interface Case {
  readonly attribute: Attribute;
  readonly host: string | undefined;
  readonly target: string | undefined;
  readonly visitor: Visitor;
  readonly entry: PlannedEntry;
}

/** In this order: the first that applies says what there will be. */
const outcomes: readonly {
  applies(one: Case): boolean;
  says(one: Case): string | undefined;
}[] = [
  {
    applies: ({ attribute, entry }) => entry.plan.asRoot && attribute.follow === "identity",
    says: ({ attribute }) =>
      attribute.name === "user" ? "root of its user namespace" : "as root has there, all of it",
  },
  {
    applies: ({ attribute, entry }) =>
      namespaceOf(attribute) !== undefined && !joins(attribute, entry),
    says: ({ host }) => host,
  },
  {
    applies: ({ attribute, entry }) => isPlace(attribute) && !entry.plan.namespaces.includes("mnt"),
    says: ({ host }) => host,
  },
  {
    applies: ({ attribute, entry }) => attribute.name in placesOfToolbox && isToolbox(entry),
    says: ({ attribute, entry }) => placesOfToolbox[attribute.name]?.(entry.plan.workdir ?? ""),
  },
  {
    applies: ({ attribute, entry }) =>
      attribute.name === "working directory" && entry.plan.workdir !== undefined,
    says: ({ entry }) => entry.plan.workdir,
  },
  {
    applies: ({ attribute, entry }) =>
      attribute.follow !== undefined && !entry.follow.has(attribute.follow),
    says: ({ host }) => host,
  },
  {
    applies: ({ attribute, visitor, entry }) =>
      attribute.follow === "seccomp" &&
      entry.plan.seccomp !== "none" &&
      !(visitor.uid === 0 && entry.plan.seccomp === "target"),
    says: () => "Terrarium's own filter (the target's cannot be read)",
  },
  {
    applies: ({ attribute, entry }) =>
      attribute.follow === "cgroup" && entry.unfollowed.some(({ name }) => name === "cgroup"),
    says: ({ entry }) =>
      `the host's where the target's cannot be joined (${entry.unfollowed[0]?.errno})`,
  },
  { applies: () => true, says: ({ target }) => target },
];

function enteredOf(one: Case): string | undefined {
  return outcomes.find((outcome) => outcome.applies(one))?.says(one);
}

function namespaceOf({ name }: Attribute): string | undefined {
  return /^(\w+) namespace$/.exec(name)?.[1];
}

function joins(attribute: Attribute, { plan }: PlannedEntry): boolean {
  return plan.namespaces.some((type) => type === namespaceOf(attribute));
}

const isToolbox = ({ plan }: PlannedEntry) => plan.toolbox !== undefined;

/** Where a toolbox is not where its target is. */
const placesOfToolbox: Readonly<Record<string, (workdir: string) => string>> = {
  "mnt namespace": () => "a copy of the target's, for this entry alone",
  root: () => `a toolbox, and the target's at ${targetRoot}`,
  "working directory": (workdir) => `${targetRoot}${workdir}`,
};

function isPlace({ name }: Attribute): boolean {
  return name === "root" || name === "working directory";
}
