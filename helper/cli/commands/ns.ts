import type { HostNamespace, HostProcess } from "../../protocol/hostTables.ts";
import type { HelperClient } from "../../protocol/methods.ts";
import { type NamespaceType, namespaceTypes } from "../../protocol/namespaces.ts";
import { keeperWords, membersOf, whoseNamespace } from "../../protocol/namespaceWords.ts";
import { countOf, facts } from "../../protocol/words.ts";
import { type CliContext, type Command, exitCodes, jsonOption } from "../command.ts";
import { type HostInventory, readInventory } from "../inventory.ts";
import { inventoryOf, watchOption, watchTables } from "../live/watch.ts";
import { byOwner } from "../namespaceTree.ts";
import { isSet, lastValue, type ParsedArguments } from "../options.ts";
import { noTarget } from "../target.ts";
import { type Column, formatTable } from "../text.ts";
import { UsageError } from "../usage.ts";

/** A namespace and who is in it, the topmost first. */
interface Line {
  /** Before its number, where the lines are a tree. */
  readonly indent: string;
  readonly namespace: HostNamespace;
  readonly members: readonly HostProcess[];
  /** In words: the host, a container's name. */
  readonly whose: string | undefined;
}

/** The columns of lsns(8), and whose it is. */
const columns: readonly Column<Line>[] = [
  { title: "NS", value: ({ indent, namespace: { inode } }) => `${indent}${inode}` },
  { title: "TYPE", value: ({ namespace: { type } }) => type },
  { title: "NPROCS", value: ({ members }) => members.length, right: true },
  { title: "PID", value: ({ members }) => members[0]?.pid, right: true },
  {
    title: "UID",
    value: ({ members, namespace }) => members[0]?.uid ?? namespace.ownerUid,
    right: true,
  },
  { title: "OF", value: ({ whose }) => whose },
];

const commandColumn: Column<Line> = { title: "COMMAND", value: commandOf, cut: true };

/** Parent, owner and the uid that made the owner: lsns has the same titles. */
const longColumns: readonly Column<Line>[] = [
  { title: "PNS", value: ({ namespace: { parent } }) => parent },
  { title: "ONS", value: ({ namespace: { owner } }) => owner },
  { title: "OUID", value: ({ namespace: { ownerUid } }) => ownerUid, right: true },
  { title: "ID", value: ({ namespace: { id } }) => id, right: true },
  { title: "KEPT BY", value: keptBy },
];

export const nsCommand: Command = {
  name: "ns",
  summary: "list namespaces, who is in them, and what else keeps them",
  usage: "ns [-t TYPES] [-l] [-T] [--sockets] [--watch] [--json]",
  options: [
    { name: "type", short: "t", argument: "TYPES", help: "only these, as in net,mnt" },
    { name: "long", short: "l", help: "parents, owners, ids, and all that keeps one there" },
    { name: "tree", short: "T", help: "each below the user namespace that owns it" },
    { name: "sockets", help: "look for those that only a socket keeps, too" },
    watchOption,
    jsonOption,
  ],
  run: async (context, parsed) => {
    noTarget(parsed);
    const json = isSet(parsed, "json");
    if (isSet(parsed, watchOption.name)) return watch(context, parsed);
    const inventory = await read(context.connection, parsed);
    context.print(
      json
        ? JSON.stringify(document(inventory, sorted(inventory, parsed)), null, 2)
        : page(inventory, parsed, context.lineCells()),
    );
    return exitCodes.ok;
  },
};

function watch(context: CliContext, parsed: ParsedArguments): Promise<number> {
  if (isSet(parsed, "sockets")) {
    throw new UsageError("--sockets cannot be watched", "Sockets are looked for once, on request.");
  }
  const types = new Set(wantedTypes(parsed) ?? namespaceTypes);
  return watchTables(context, {
    tables: ["namespaces", "processes", "containers"],
    json: isSet(parsed, "json"),
    draw: (held) => {
      const inventory = inventoryOf(held);
      const namespaces = new Map(
        [...inventory.namespaces].filter(([, { type }]) => types.has(type)),
      );
      return page({ ...inventory, namespaces }, parsed);
    },
  });
}

function page(inventory: HostInventory, parsed: ParsedArguments, room?: number): string {
  const shown = [...columns, ...(isSet(parsed, "long") ? longColumns : []), commandColumn];
  return [formatTable(shown, sorted(inventory, parsed), room), ...notes(inventory)].join("\n");
}

function sorted(inventory: HostInventory, parsed: ParsedArguments): readonly Line[] {
  const lines = linesOf(inventory);
  return isSet(parsed, "tree") ? byOwner(lines) : lines;
}

function wantedTypes(parsed: ParsedArguments): NamespaceType[] | undefined {
  const types = lastValue(parsed, "type");
  return types === undefined ? undefined : parseTypes(types);
}

function read(connection: HelperClient, parsed: ParsedArguments): Promise<HostInventory> {
  return readInventory(connection, ["namespaces", "processes", "containers"], {
    types: wantedTypes(parsed),
    sockets: isSet(parsed, "sockets"),
  });
}

function linesOf(inventory: HostInventory): readonly Line[] {
  return [...inventory.namespaces.values()].map((namespace) => {
    const members = membersOf(namespace, inventory);
    const { container, isInitial } = namespace;
    const isNamed = isInitial || inventory.containers.has(container ?? "");
    const whose = isNamed ? whoseNamespace(namespace, members, inventory) : undefined;
    return { indent: "", namespace, members, whose };
  });
}

function keptBy({ namespace, members }: Line): string | undefined {
  const processes = members.length === 0 ? undefined : countOf(members.length, "process");
  return namespace.isInitial ? "the kernel" : facts(processes, keeperWords(namespace)) || undefined;
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
