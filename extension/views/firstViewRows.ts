import { containerLabel } from "../../helper/protocol/containerWords.ts";
import type { HostContainer } from "../../helper/protocol/hostTables.ts";
import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import { containerOfSandbox, grouped } from "../../helper/protocol/tableIndexes.ts";
import { countOf, factSeparator } from "../../helper/protocol/words.ts";
import { containerRow } from "./containerRows.ts";
import { engineWords } from "./containerWords.ts";
import type { Row } from "./row.ts";
import { type SandboxFacts, sandboxRow } from "./sandboxRows.ts";

export const containerOrders = ["state", "name", "engine", "started"] as const;
export type ContainerOrder = (typeof containerOrders)[number];

/** How the first view is arranged: what the person chose. */
export interface ContainerArrangement {
  readonly order: ContainerOrder;
  readonly byEngine: boolean;
}

/** A sandbox of ours or a container of somebody's, as far as order needs it. */
interface Entry {
  readonly name: string;
  readonly engine: string;
  readonly state: string;
  readonly startedAtMs: number;
  readonly rowBelow: (parentId: string | undefined) => Row;
}

const states = ["running", "paused", "creating", "created", "exited"];

/**
 * Those that run first, ours among the others, and last among equals what nobody has named; what is inside a container
 * stands below it.
 */
export function sandboxAndContainerRows(
  sandboxes: readonly SandboxSummary[],
  from: SandboxFacts,
  arrangement: ContainerArrangement = { order: "state", byEngine: false },
): readonly Row[] {
  const entries = entriesOf(sandboxes, from).sort(comparison(arrangement.order));
  return arrangement.byEngine
    ? groupedByEngine(entries)
    : entries.map(({ rowBelow }) => rowBelow(undefined));
}

function entriesOf(sandboxes: readonly SandboxSummary[], from: SandboxFacts): Entry[] {
  const { containers } = from.tables;
  // One that has begun just now may be in the list before the inventory has looked into the registry.
  const listed = new Set(sandboxes.map((one) => containerOfSandbox(one, from.tables)));
  const others = [...containers.values()].filter(
    (one) =>
      !isOurs(one) && !listed.has(one) && !(one.parent !== undefined && containers.has(one.parent)),
  );
  return [
    ...sandboxes.map((one) => sandboxEntry(one, from)),
    ...others.map((one) => containerEntry(one, from)),
  ];
}

/**
 * The list of sandboxes has it, or will in a moment: a row that gives way to another one would take along that it is
 * open. The registry is this helper's; what others call Terrarium's has other evidence.
 */
function isOurs({ engine, evidence }: HostContainer): boolean {
  return engine === "terrarium" && evidence.some(({ source }) => source === "registry");
}

function sandboxEntry(sandbox: SandboxSummary, from: SandboxFacts): Entry {
  const { name, state, createdAtMs } = sandbox;
  return {
    name,
    engine: engineWords.terrarium.title,
    state,
    startedAtMs: createdAtMs,
    rowBelow: (parentId) => sandboxRow(sandbox, parentId, from),
  };
}

function containerEntry(container: HostContainer, from: SandboxFacts): Entry {
  const { engine, state, startedAtMs } = container;
  return {
    name: containerLabel(container),
    engine: engineWords[engine].title,
    state,
    startedAtMs,
    rowBelow: (parentId) => containerRow(container, parentId, from),
  };
}

type Comparison = (a: Entry, b: Entry) => number;

const byName: Comparison = (a, b) => collator.compare(a.name, b.name);

/** Made once: localeCompare makes one for each comparison, which 2,000 containers can feel. */
const collator = new Intl.Collator("en", { numeric: true });

const comparisons: Readonly<Record<ContainerOrder, Comparison>> = {
  state: (a, b) =>
    states.indexOf(a.state) - states.indexOf(b.state) ||
    Number(isUnknown(a)) - Number(isUnknown(b)),
  name: () => 0,
  engine: (a, b) => collator.compare(a.engine, b.engine),
  started: (a, b) => b.startedAtMs - a.startedAtMs,
};

function isUnknown({ engine }: Entry): boolean {
  return engine === engineWords.unknown.title;
}

function comparison(order: ContainerOrder): Comparison {
  return (a, b) => comparisons[order](a, b) || byName(a, b);
}

function groupedByEngine(entries: readonly Entry[]): readonly Row[] {
  const engines = grouped(entries, ({ engine }) => engine);
  return [...engines]
    .sort(([a], [b]) => collator.compare(a, b))
    .map(([engine, members]) => engineRow(engine, members));
}

function engineRow(engine: string, members: readonly Entry[]): Row {
  const id = `engine/${engine}`;
  const running = members.filter(({ state }) => state === "running").length;
  return {
    id,
    label: engine,
    description: `${members.length}`,
    icon: { codicon: "layers" },
    tokens: ["group"],
    subject: { kind: "group" },
    spoken: `${engine}, ${countOf(members.length, "container")}`,
    card: () => ({ title: engine, facts: [["running", `${running} of ${members.length}`]] }),
    startsOpen: true,
    children: () => members.map(({ rowBelow }) => withoutEngine(rowBelow(id))),
  };
}

/** The engine, which is the first of its facts, stands above it; a filter finds it by that all the same. */
function withoutEngine(row: Row): Row {
  const [engine = "", ...others] = row.description.split(factSeparator);
  const alsoFound = `${engine} ${row.alsoFound ?? ""}`;
  return { ...row, description: others.join(factSeparator), alsoFound };
}
