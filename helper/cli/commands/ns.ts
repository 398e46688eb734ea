import type { HostNamespace, HostProcess } from "../../protocol/hostTables.ts";
import type { HelperClient } from "../../protocol/methods.ts";
import { type NamespaceType, namespaceTypes } from "../../protocol/namespaces.ts";
import { keeperWords, membersOf, whoseNamespace } from "../../protocol/namespaceWords.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { type HostInventory, readInventory } from "../inventory.ts";
import { isSet, lastValue } from "../options.ts";
import { noTarget } from "../target.ts";
import { type Column, formatTable } from "../text.ts";
import { UsageError } from "../usage.ts";

/** A namespace and who is in it, the topmost first. */
interface Line {
  readonly namespace: HostNamespace;
  readonly members: readonly HostProcess[];
  /** In words: the host, a container's name. */
  readonly whose: string | undefined;
}

/** The columns of lsns(8), and whose it is. */
const columns: readonly Column<Line>[] = [
  { title: "NS", value: ({ namespace: { inode } }) => inode, right: true },
  { title: "TYPE", value: ({ namespace: { type } }) => type },
  { title: "NPROCS", value: ({ members }) => members.length, right: true },
  { title: "PID", value: ({ members }) => members[0]?.pid, right: true },
  {
    title: "UID",
    value: ({ members, namespace }) => members[0]?.uid ?? namespace.ownerUid,
    right: true,
  },
  { title: "OF", value: ({ whose }) => whose },
  { title: "COMMAND", value: commandOf },
];

export const nsCommand: Command = {
  name: "ns",
  summary: "list namespaces, the processes in them, and what else keeps them",
  usage: "ns [-t TYPES] [--json]",
  options: [
    { name: "type", short: "t", argument: "TYPES", help: "only these, as in net,mnt" },
    jsonOption,
  ],
  run: async ({ connection, print }, parsed) => {
    noTarget(parsed);
    const types = lastValue(parsed, "type");
    const inventory = await read(connection, types === undefined ? undefined : parseTypes(types));
    const lines = linesOf(inventory);
    if (isSet(parsed, "json")) {
      print(JSON.stringify(document(inventory, lines), null, 2));
      return exitCodes.ok;
    }
    print(formatTable(columns, lines));
    for (const note of notes(inventory)) print(note);
    return exitCodes.ok;
  },
};

function read(
  connection: HelperClient,
  types: NamespaceType[] | undefined,
): Promise<HostInventory> {
  return readInventory(connection, ["namespaces", "processes", "containers"], types);
}

function linesOf(inventory: HostInventory): readonly Line[] {
  return [...inventory.namespaces.values()].map((namespace) => {
    const members = membersOf(namespace, inventory);
    const { container, isInitial } = namespace;
    const isNamed = isInitial || inventory.containers.has(container ?? "");
    const whose = isNamed ? whoseNamespace(namespace, members, inventory) : undefined;
    return { namespace, members, whose };
  });
}

/** A kernel thread has a name and no command line; ps(1) has it in brackets. */
function commandOf({ namespace, members: [topmost] }: Line): string | undefined {
  if (topmost === undefined) return keeperWords(namespace) || undefined;
  return topmost.commandLine === "" ? `[${topmost.command}]` : topmost.commandLine.slice(0, 60);
}

function document({ host }: HostInventory, lines: readonly Line[]) {
  const namespaces = lines.map(({ namespace, members, whose }) => ({
    ...namespace,
    whose,
    processes: members.map(({ pid, command, commandLine, uid }) => ({
      ...{ pid, command, commandLine, uid },
    })),
  }));
  return { host, namespaces };
}

function notes({ host }: HostInventory): readonly string[] {
  const { deniedProcesses } = host;
  return deniedProcesses === 0
    ? []
    : [
        `Not in this list: processes that the kernel did not let this user read (${deniedProcesses}).`,
      ];
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
