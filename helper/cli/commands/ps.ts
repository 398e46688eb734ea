import { formatBytes } from "../../protocol/bytes.ts";
import type { SandboxSummary } from "../../protocol/inventory.ts";
import { formatLimit } from "../../protocol/limits.ts";
import { allEngines } from "../allEngines.ts";
import { type CliContext, type Command, exitCodes, jsonOption } from "../command.ts";
import { readInventory } from "../inventory.ts";
import { inventoryOf, watchOption, watchTables } from "../live/watch.ts";
import { isSet, type ParsedArguments } from "../options.ts";
import { noTarget } from "../target.ts";
import { type Column, formatAge, formatTable } from "../text.ts";
import { cutCells } from "../width.ts";

const columns: readonly Column<SandboxSummary>[] = [
  { title: "ID", value: ({ id }) => id },
  { title: "NAME", value: ({ name }) => name },
  { title: "STATE", value: describeState },
  { title: "PID", value: ({ pid }) => pid, right: true },
  { title: "PROCESSES", value: ({ processes }) => processes.length || undefined, right: true },
  { title: "MEMORY", value: describeMemory, right: true },
  { title: "CREATED", value: ({ createdAtMs }) => `${formatAge(Date.now() - createdAtMs)} ago` },
  { title: "COMMAND", value: ({ command }) => shorten(command), cut: true },
];

export const psCommand: Command = {
  name: "ps",
  summary: "list sandboxes, and the containers of every engine",
  usage: "ps [-a] [-A] [--watch] [--json]",
  options: [
    { name: "all", short: "a", help: "those that do not run too" },
    {
      name: "all-engines",
      short: "A",
      help: "the containers of Docker, Podman and all others too",
    },
    watchOption,
    jsonOption,
  ],
  run: async (context, parsed) => {
    noTarget(parsed);
    const { connection, print } = context;
    const room = context.lineCells();
    if (isSet(parsed, watchOption.name)) return watch(context, parsed);
    const json = isSet(parsed, "json");
    const sandboxes = await connection.request("sandbox/list", { all: isSet(parsed, "all") });
    if (isSet(parsed, "all-engines")) {
      const inventory = await readInventory(connection, ["containers", "processes"]);
      print(await allEngines(connection, { sandboxes, inventory }, json, room));
    } else print(json ? JSON.stringify(sandboxes, null, 2) : formatTable(columns, sandboxes, room));
    return exitCodes.ok;
  },
};

function watch(context: CliContext, parsed: ParsedArguments): Promise<number> {
  const [all, everybody] = [isSet(parsed, "all"), isSet(parsed, "all-engines")];
  return watchTables(context, {
    tables: everybody ? ["sandboxes", "containers", "processes"] : ["sandboxes"],
    json: isSet(parsed, "json"),
    draw: (held) => {
      const rows = [...(held.tables.sandboxes?.rows.values() ?? [])];
      const sandboxes = rows.filter((one) => all || !isAtRest(one));
      if (!everybody) return formatTable(columns, sandboxes);
      return allEngines(context.connection, { sandboxes, inventory: inventoryOf(held) }, false);
    },
  });
}

function isAtRest({ state }: SandboxSummary): boolean {
  return state === "created" || state === "exited";
}

export function describeState(sandbox: SandboxSummary): string {
  const { state, exitCode, exitSignal, oomKilled } = sandbox;
  if (state !== "exited") return state;
  return `exited (${oomKilled ? "OOM" : (exitSignal ?? exitCode ?? "?")})`;
}

export function describeMemory({ memoryBytes, limits }: SandboxSummary): string | undefined {
  if (memoryBytes === undefined) return undefined;
  const most = limits.find(({ limit }) => limit === "memoryBytes")?.value;
  return most === undefined
    ? formatBytes(memoryBytes)
    : `${formatBytes(memoryBytes)} of ${formatLimit("memoryBytes", most)}`;
}

export function shorten(text: string): string {
  return cutCells(text, 40);
}
