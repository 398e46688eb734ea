import { formatBytes } from "../../protocol/bytes.ts";
import type { SandboxSummary } from "../../protocol/inventory.ts";
import { formatLimit } from "../../protocol/limits.ts";
import { allEngines } from "../allEngines.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { isSet } from "../options.ts";
import { noTarget } from "../target.ts";
import { type Column, formatAge, formatTable } from "../text.ts";

const columns: readonly Column<SandboxSummary>[] = [
  { title: "ID", value: ({ id }) => id },
  { title: "NAME", value: ({ name }) => name },
  { title: "STATE", value: describeState },
  { title: "PID", value: ({ pid }) => pid, right: true },
  { title: "PROCESSES", value: ({ processes }) => processes.length || undefined, right: true },
  { title: "MEMORY", value: describeMemory, right: true },
  { title: "CREATED", value: ({ createdAtMs }) => `${formatAge(Date.now() - createdAtMs)} ago` },
  { title: "COMMAND", value: ({ command }) => shorten(command) },
];

export const psCommand: Command = {
  name: "ps",
  summary: "list sandboxes, and the containers of every engine",
  usage: "ps [-a] [-A] [--json]",
  options: [
    { name: "all", short: "a", help: "those that do not run too" },
    {
      name: "all-engines",
      short: "A",
      help: "the containers of Docker, Podman and all others too",
    },
    jsonOption,
  ],
  run: async ({ connection, print }, parsed) => {
    noTarget(parsed);
    const json = isSet(parsed, "json");
    const sandboxes = await connection.request("sandbox/list", { all: isSet(parsed, "all") });
    if (isSet(parsed, "all-engines")) print(await allEngines(connection, sandboxes, json));
    else print(json ? JSON.stringify(sandboxes, null, 2) : formatTable(columns, sandboxes));
    return exitCodes.ok;
  },
};

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
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
