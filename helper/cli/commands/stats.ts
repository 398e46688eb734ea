import { formatBytes } from "../../protocol/bytes.ts";
import type { HelperClient } from "../../protocol/methods.ts";
import { type CliContext, type Command, exitCodes, jsonOption } from "../command.ts";
import { type Loop, openLoop } from "../live/loop.ts";
import { type Measured, Rounds } from "../live/rounds.ts";
import { isTerminal, Screen } from "../live/screen.ts";
import { memoryInUse, memoryLimit, pair, percent } from "../live/words.ts";
import { isSet } from "../options.ts";
import { type Column, formatTable } from "../text.ts";

/** Between the two readings that a rate is made of; docker stats takes as long. */
const intervalMs = 1_000;

interface Line extends Measured {
  readonly name: string;
}

/** The columns of docker stats; NET I/O and BLOCK I/O are sums since the cgroup was made, as there. */
const columns: readonly Column<Line>[] = [
  { title: "NAME", value: ({ name }) => name },
  { title: "CPU %", value: ({ rates }) => percent(rates?.cpuPercent), right: true },
  { title: "MEM USAGE / LIMIT", value: describeMemory, right: true },
  { title: "MEM %", value: memoryPercent, right: true },
  { title: "NET I/O", value: describeNetwork, right: true },
  { title: "BLOCK I/O", value: describeDevices, right: true },
  { title: "PIDS", value: ({ sample }) => sample.pids?.current, right: true },
];

export const statsCommand: Command = {
  name: "stats",
  summary: "show what sandboxes, processes and cgroups use",
  usage: "stats [SANDBOX|PID|/CGROUP...] [--watch] [--json]",
  options: [
    { name: "watch", short: "w", help: "go on, a round every second, until Ctrl-C" },
    { ...jsonOption, help: "print one JSON document a round" },
  ],
  run: async (context, parsed) => {
    const loop = openLoop();
    try {
      await show(context, loop, parsed.positionals, isSet(parsed, "watch"), isSet(parsed, "json"));
      return exitCodes.ok;
    } finally {
      loop.dispose();
    }
  },
};

/** The first round only tells where the counters stand. */
async function show(
  { connection, print }: CliContext,
  loop: Loop,
  named: readonly string[],
  watch: boolean,
  json: boolean,
): Promise<void> {
  const rounds = new Rounds(connection);
  await measure(connection, rounds, named);
  const screen = watch && !json && isTerminal() ? new Screen(false) : undefined;
  try {
    do {
      await loop.rest(intervalMs);
      if (loop.ended) return;
      const lines = await measure(connection, rounds, named);
      if (screen) screen.draw(formatTable(columns, lines).split("\n"));
      else print(json ? document(lines, watch) : formatTable(columns, lines));
    } while (watch);
  } finally {
    screen?.close();
  }
}

/** Those that were named, of which each must be there; else every sandbox that runs. */
async function measure(
  connection: HelperClient,
  rounds: Rounds,
  named: readonly string[],
): Promise<readonly Line[]> {
  if (named.length > 0) {
    const measured = await rounds.measure(named, false);
    return measured.map((one) => ({ ...one, name: one.sample.target }));
  }
  const running = await connection.request("sandbox/list", { all: false });
  const names = new Map(running.map(({ id, name }) => [id, name]));
  const measured = await rounds.measure([...names.keys()], true);
  return measured.map((one) => ({ ...one, name: names.get(one.sample.target) ?? "" }));
}

/** In one line where others follow: a reader takes one line as one document. */
function document(lines: readonly Line[], watch: boolean): string {
  return JSON.stringify(lines, null, watch ? 0 : 2);
}

function describeMemory({ sample }: Line): string | undefined {
  const used = memoryInUse(sample);
  return used === undefined
    ? undefined
    : `${formatBytes(used)} / ${formatBytes(memoryLimit(sample))}`;
}

function memoryPercent({ sample }: Line): string | undefined {
  const used = memoryInUse(sample);
  return percent(used === undefined ? undefined : (100 * used) / memoryLimit(sample));
}

function describeNetwork({ sample }: Line): string | undefined {
  return pair(sample.network?.map(({ rxBytes, txBytes }) => [rxBytes, txBytes] as const));
}

function describeDevices({ sample }: Line): string | undefined {
  return pair(sample.io?.map(({ readBytes, writeBytes }) => [readBytes, writeBytes] as const));
}
