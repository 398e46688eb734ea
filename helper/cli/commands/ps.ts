import { formatBytes } from "../../protocol/bytes.ts";
import type { SandboxSummary } from "../../protocol/inventory.ts";
import { formatLimit } from "../../protocol/limits.ts";
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
  summary: "list sandboxes",
  usage: "ps [-a] [--json]",
  options: [{ name: "all", short: "a", help: "those that do not run too" }, jsonOption],
  run: async ({ connection, print }, parsed) => {
    noTarget(parsed);
    const sandboxes = await connection.request("sandbox/list", { all: isSet(parsed, "all") });
    print(
      isSet(parsed, "json") ? JSON.stringify(sandboxes, null, 2) : formatTable(columns, sandboxes),
    );
    return exitCodes.ok;
  },
};

export function describeState(sandbox: SandboxSummary): string {
  const { state, exitCode, exitSignal, oomKilled } = sandbox;
  if (state !== "exited") return state;
  return `exited (${oomKilled ? "OOM" : (exitSignal ?? exitCode ?? "?")})`;
}

function describeMemory({ memoryBytes, limits }: SandboxSummary): string | undefined {
  if (memoryBytes === undefined) return undefined;
  const most = limits.find(({ limit }) => limit === "memoryBytes")?.value;
  return most === undefined
    ? formatBytes(memoryBytes)
    : `${formatBytes(memoryBytes)} of ${formatLimit("memoryBytes", most)}`;
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
