import type { NamespaceFact, ProcessFact } from "../../protocol/inventory.ts";
import { type NamespaceType, namespaceTypes } from "../../protocol/namespaces.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { isSet, lastValue } from "../options.ts";
import { noTarget } from "../target.ts";
import { type Column, formatTable } from "../text.ts";
import { UsageError } from "../usage.ts";

/** The columns of lsns(8), and whose it is. */
const columns: readonly Column<NamespaceFact>[] = [
  { title: "NS", value: ({ inode }) => inode, right: true },
  { title: "TYPE", value: ({ type }) => type },
  { title: "NPROCS", value: ({ processes }) => processes.length, right: true },
  { title: "PID", value: ({ processes }) => processes[0]?.pid, right: true },
  { title: "UID", value: ({ processes }) => processes[0]?.uid, right: true },
  { title: "OF", value: ({ isInitial, sandbox }) => (isInitial ? "host" : sandbox) },
  { title: "COMMAND", value: ({ processes }) => commandOf(processes[0]) },
];

export const nsCommand: Command = {
  name: "ns",
  summary: "list namespaces and the processes in them",
  usage: "ns [-t TYPES] [--json]",
  options: [
    { name: "type", short: "t", argument: "TYPES", help: "only these, as in net,mnt" },
    jsonOption,
  ],
  run: async ({ connection, print }, parsed) => {
    noTarget(parsed);
    const types = lastValue(parsed, "type");
    const report = await connection.request("inventory/namespaces", {
      types: types === undefined ? undefined : parseTypes(types),
    });
    if (isSet(parsed, "json")) {
      print(JSON.stringify(report, null, 2));
      return exitCodes.ok;
    }
    print(formatTable(columns, report.namespaces));
    if (report.deniedProcesses > 0) {
      print(
        `Not in this list: processes that the kernel did not let this user read (${report.deniedProcesses}).`,
      );
    }
    return exitCodes.ok;
  },
};

/** A kernel thread has a name and no command line; ps(1) has it in brackets. */
function commandOf(process: ProcessFact | undefined): string | undefined {
  if (process === undefined) return undefined;
  return process.commandLine === "" ? `[${process.command}]` : process.commandLine.slice(0, 60);
}

export function parseTypes(text: string): NamespaceType[] {
  return text.split(",").map((word) => {
    const type = namespaceTypes.find((known) => known === word.trim());
    if (type) return type;
    throw new UsageError(
      `"${word}" is no type of namespace`,
      `They are ${namespaceTypes.join(", ")}.`,
    );
  });
}
