import { formatBytes } from "../../protocol/bytes.ts";
import { containerTitle } from "../../protocol/containerWords.ts";
import type { HelperClient } from "../../protocol/methods.ts";
import { oneOf } from "../choice.ts";
import { type CliContext, type Command, exitCodes, jsonOption } from "../command.ts";
import { type HostInventory, readInventory } from "../inventory.ts";
import { listenToKeys } from "../live/keys.ts";
import { type Loop, openLoop } from "../live/loop.ts";
import { type Measured, Rounds } from "../live/rounds.ts";
import { isTerminal, Screen } from "../live/screen.ts";
import { percent } from "../live/words.ts";
import { isSet, lastValue, type ParsedArguments } from "../options.ts";
import { noTarget } from "../target.ts";
import { type Column, formatTable } from "../text.ts";
import { UsageError } from "../usage.ts";

/** As systemd-cgtop has it. */
const intervalMs = 1_000;

interface Line {
  readonly path: string;
  /** What the container is called whose own it is. */
  readonly container: string | undefined;
  readonly measured: Measured | undefined;
}

const orders = ["cpu", "memory", "io", "pids", "path"] as const;
type Order = (typeof orders)[number];

/** Keys of systemd-cgtop: t and n are its words for pids and path. */
const keys: Readonly<Record<string, Order>> = {
  ...{ c: "cpu", m: "memory", i: "io", p: "pids" },
  ...{ t: "pids", n: "path" },
};

const figures: Readonly<Record<Exclude<Order, "path">, (line: Line) => number | undefined>> = {
  cpu: ({ measured }) => measured?.rates?.cpuPercent,
  memory: ({ measured }) => measured?.sample.memory?.current,
  io: (line) => sumOrNothing([read(line), written(line)]),
  pids: ({ measured }) => measured?.sample.pids?.current,
};

const columns: readonly Column<Line>[] = [
  { title: "CPU %", value: (line) => percent(figures.cpu(line)), right: true },
  { title: "MEMORY", value: (line) => bytes(figures.memory(line)), right: true },
  { title: "READ/s", value: (line) => bytes(read(line)), right: true },
  { title: "WRITTEN/s", value: (line) => bytes(written(line)), right: true },
  { title: "PIDS", value: figures.pids, right: true },
  {
    title: "CGROUP",
    value: ({ path, container }) => (container ? `${path} (${container})` : path),
  },
];

export const topCommand: Command = {
  name: "top",
  summary: "show the cgroups of this machine by what they use",
  usage: "top [-s ORDER] [-n ROUNDS] [--json]",
  options: [
    { name: "sort", short: "s", argument: "ORDER", help: `by ${orders.join(", ")} (cpu)` },
    { name: "iterations", short: "n", argument: "N", help: "end after so many rounds" },
    { ...jsonOption, help: "print one JSON document a round" },
  ],
  run: async (context, parsed) => {
    noTarget(parsed, 'It shows the whole machine; "terrarium stats NAME --watch" shows one.');
    const loop = openLoop();
    try {
      await show(context, loop, parsed);
      return exitCodes.ok;
    } finally {
      loop.dispose();
    }
  },
};

async function show({ connection, print }: CliContext, loop: Loop, parsed: ParsedArguments) {
  let order = oneOf("--sort", orders, lastValue(parsed, "sort") ?? "cpu");
  const json = isSet(parsed, "json");
  const live = isTerminal() && !json;
  // Whoever reads from a pipe wants an end, as with systemd-cgtop.
  const most = parseCount(lastValue(parsed, "iterations")) ?? (live ? Number.POSITIVE_INFINITY : 1);
  const rounds = new Rounds(connection);
  let lines = await measure(connection, rounds);
  await loop.rest(intervalMs);
  const screen = live ? new Screen(true) : undefined;
  const draw = () => screen?.draw(page(lines, order));
  const ears =
    screen &&
    listenToKeys((key) => {
      if (key === "q") loop.end();
      order = keys[key] ?? order;
      draw();
    });
  process.on("SIGWINCH", draw);
  try {
    for (let round = 1; !loop.ended; round += 1) {
      lines = await measure(connection, rounds);
      if (screen) draw();
      else print(json ? document(lines, order, most > 1) : table(lines, order));
      if (round >= most) return;
      await loop.rest(intervalMs);
    }
  } finally {
    process.off("SIGWINCH", draw);
    ears?.dispose();
    screen?.close();
  }
}

/** Every path that some hierarchy has; version 1 has the same one in many. */
async function measure(connection: HelperClient, rounds: Rounds): Promise<readonly Line[]> {
  const paths = pathsOf(await readInventory(connection, ["cgroups", "containers"]));
  const measured = await rounds.measure([...paths.keys()], true);
  const found = new Map(measured.map((one) => [one.sample.target, one]));
  return [...paths].map(([path, container]) => ({ path, container, measured: found.get(path) }));
}

/** Path to name of the container that it is in. */
export function pathsOf({
  cgroups,
  containers,
}: Pick<HostInventory, "cgroups" | "containers">): ReadonlyMap<string, string | undefined> {
  const paths = new Map<string, string | undefined>();
  for (const { path, container: key } of cgroups.values()) {
    const container = containers.get(key ?? "");
    paths.set(path, container ? containerTitle(container) : paths.get(path));
  }
  return paths;
}

/** The largest first; what has no figure last; equal ones by path, so that they stay where they are. */
function sorted(lines: readonly Line[], order: Order): readonly Line[] {
  const figure = (line: Line) => (order === "path" ? 0 : (figures[order](line) ?? -1));
  return [...lines].sort((a, b) => figure(b) - figure(a) || a.path.localeCompare(b.path, "en"));
}

function table(lines: readonly Line[], order: Order): string {
  return formatTable(columns, sorted(lines, order));
}

function page(lines: readonly Line[], order: Order): readonly string[] {
  const head = `${lines.length} cgroups by ${order}   c cpu  m memory  i io  p pids  n path  q quit`;
  return [head, ...table(lines, order).split("\n")];
}

function document(lines: readonly Line[], order: Order, more: boolean): string {
  const rows = sorted(lines, order).map(({ path, container, measured }) => ({
    path,
    container,
    ...measured,
  }));
  return JSON.stringify(rows, null, more ? 0 : 2);
}

function read({ measured }: Line): number | undefined {
  return sumOrNothing(measured?.rates?.io?.map(({ readBytesPerSecond }) => readBytesPerSecond));
}

function written({ measured }: Line): number | undefined {
  return sumOrNothing(measured?.rates?.io?.map(({ writeBytesPerSecond }) => writeBytesPerSecond));
}

/** Of nothing that was counted there is no sum. */
function sumOrNothing(values: readonly (number | undefined)[] | undefined): number | undefined {
  const known = values?.filter((value) => value !== undefined) ?? [];
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

function bytes(value: number | undefined): string | undefined {
  return value === undefined ? undefined : formatBytes(Math.round(value));
}

function parseCount(text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d{0,8}$/.test(text)) return (text && Number(text)) || undefined;
  throw new UsageError(`-n ${text} is no number of rounds`, "It is 1 or more.");
}
