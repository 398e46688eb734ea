import { formatBytes } from "../protocol/bytes.ts";
import { containerLabel, usageTarget, whatItIs } from "../protocol/containerWords.ts";
import { type HostContainer, tableKeys } from "../protocol/hostTables.ts";
import type { SandboxSummary } from "../protocol/inventory.ts";
import type { HelperClient } from "../protocol/methods.ts";
import {
  containerOfSandbox,
  containersByParent,
  processesByContainer,
} from "../protocol/tableIndexes.ts";
import { describeMemory, describeState, shorten } from "./commands/ps.ts";
import type { HostInventory } from "./inventory.ts";
import { Rounds } from "./live/rounds.ts";
import { type Column, formatAge, formatTable } from "./text.ts";

/** One line, of a sandbox of ours or of somebody's container. */
interface Line {
  readonly id: string;
  readonly name: string;
  readonly engine: string;
  readonly state: string;
  readonly pid: number | undefined;
  readonly processes: number;
  readonly memory: string | undefined;
  readonly startedAtMs: number;
  readonly what: string;
}

const columns: readonly Column<Line>[] = [
  { title: "ID", value: ({ id }) => id.slice(0, 12) },
  { title: "NAME", value: ({ name }) => name },
  { title: "ENGINE", value: ({ engine }) => engine },
  { title: "STATE", value: ({ state }) => state },
  { title: "PID", value: ({ pid }) => pid, right: true },
  { title: "PROCESSES", value: ({ processes }) => processes || undefined, right: true },
  { title: "MEMORY", value: ({ memory }) => memory, right: true },
  { title: "CREATED", value: ({ startedAtMs }) => `${formatAge(Date.now() - startedAtMs)} ago` },
  { title: "IMAGE OR COMMAND", value: ({ what }) => what || undefined, cut: true },
];

interface Known {
  readonly sandboxes: readonly SandboxSummary[];
  readonly inventory: HostInventory;
}

/** Our sandboxes and every engine's containers, as a table or as JSON; those inside another stand below it. */
export async function allEngines(
  connection: HelperClient,
  { sandboxes, inventory }: Known,
  json: boolean,
  room?: number,
): Promise<string> {
  const ours = new Set(sandboxes.map((one) => containerOfSandbox(one, inventory)));
  const containers = [...inventory.containers.values()].filter((one) => !ours.has(one));
  if (json) return JSON.stringify({ sandboxes, containers }, null, 2);
  const memory = await memories(connection, containers, inventory);
  const isTop = ({ parent }: HostContainer) =>
    parent === undefined || !inventory.containers.has(parent);
  const lines = [
    ...sandboxes.flatMap((one) => {
      const found = containerOfSandbox(one, inventory);
      return [sandboxLine(one), ...(found ? nestedLines(found, inventory, memory, "└─ ") : [])];
    }),
    ...containers
      .filter(isTop)
      .sort((a, b) => a.startedAtMs - b.startedAtMs)
      .flatMap((one) => containerLines(one, inventory, memory, "")),
  ];
  return formatTable(columns, lines, room);
}

type Memories = ReadonlyMap<HostContainer, string>;

function containerLines(
  container: HostContainer,
  inventory: HostInventory,
  memory: Memories,
  before: string,
): readonly Line[] {
  return [
    containerLine(container, inventory, memory, before),
    ...nestedLines(container, inventory, memory, `${before}└─ `),
  ];
}

function nestedLines(
  container: HostContainer,
  inventory: HostInventory,
  memory: Memories,
  before: string,
): readonly Line[] {
  const below = containersByParent(inventory.containers).get(tableKeys.containers(container)) ?? [];
  return below.flatMap((one) => containerLines(one, inventory, memory, before));
}

function sandboxLine(sandbox: SandboxSummary): Line {
  const { id, name, pid, processes, createdAtMs, command } = sandbox;
  return {
    ...{ id, name, pid, engine: "terrarium", startedAtMs: createdAtMs },
    state: describeState(sandbox),
    processes: processes.length,
    memory: describeMemory(sandbox),
    what: shorten(command),
  };
}

function containerLine(
  container: HostContainer,
  { processes }: HostInventory,
  memory: Memories,
  before: string,
): Line {
  const { id, engine, state, pid, startedAtMs } = container;
  const members = processesByContainer(processes).get(tableKeys.containers(container)) ?? [];
  const topmost = processes.get(`${pid}:${container.startTimeTicks}`);
  const command = topmost && (topmost.commandLine || topmost.command);
  return {
    ...{ id, engine, state, pid, startedAtMs },
    name: before + containerLabel(container),
    processes: members.length,
    memory: memory.get(container),
    what: shorten(whatItIs(container, topmost?.command) || (command ?? "")),
  };
}

async function memories(
  connection: HelperClient,
  containers: readonly HostContainer[],
  inventory: HostInventory,
): Promise<Memories> {
  const targets = new Map(
    containers.flatMap((one) => {
      const target = usageTarget(one, inventory);
      return target === undefined ? [] : [[target, one] as const];
    }),
  );
  const measured = await new Rounds(connection).measure([...targets.keys()], true);
  return new Map(
    measured.flatMap(({ sample: { target, memory } }) => {
      const container = targets.get(target);
      return container && memory ? [[container, memoryWords(memory)] as const] : [];
    }),
  );
}

function memoryWords({
  current,
  max,
}: {
  readonly current: number;
  readonly max?: number | undefined;
}) {
  return max === undefined
    ? formatBytes(current)
    : `${formatBytes(current)} of ${formatBytes(max)}`;
}
