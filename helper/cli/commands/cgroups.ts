import { formatBytes } from "../../protocol/bytes.ts";
import { containerTitle } from "../../protocol/containerWords.ts";
import { type HostCgroup, type HostHierarchy, tableKeys } from "../../protocol/hostTables.ts";
import type { HeldInventory } from "../../protocol/inventoryChanges.ts";
import type { HelperClient } from "../../protocol/methods.ts";
import { printable } from "../../protocol/printable.ts";
import { cgroupName, cgroupsByParent, populations } from "../../protocol/tableIndexes.ts";
import type { UsageSample } from "../../protocol/usage.ts";
import { countOf } from "../../protocol/words.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { type HostInventory, readInventory } from "../inventory.ts";
import { Rounds } from "../live/rounds.ts";
import { inventoryOf, watchOption, watchTables } from "../live/watch.ts";
import { isSet } from "../options.ts";
import { noTarget } from "../target.ts";

export const cgroupsCommand: Command = {
  name: "cgroups",
  summary: "show the cgroup tree of this machine, with what each uses",
  usage: "cgroups [--watch] [--json]",
  options: [watchOption, jsonOption],
  run: async (context, parsed) => {
    noTarget(parsed);
    const { connection, print } = context;
    if (isSet(parsed, watchOption.name)) {
      const draw = async (held: HeldInventory) => page(connection, inventoryOf(held));
      return watchTables(context, {
        ...{ tables: ["cgroups", "containers"], json: isSet(parsed, "json"), draw },
      });
    }
    const inventory = await readInventory(connection, ["cgroups", "containers"]);
    print(
      isSet(parsed, "json")
        ? JSON.stringify(document(inventory, await usageOf(connection, inventory)), null, 2)
        : await page(connection, inventory),
    );
    return exitCodes.ok;
  },
};

async function page(connection: HelperClient, inventory: HostInventory): Promise<string> {
  const usage = await usageOf(connection, inventory);
  return [`mode: ${inventory.host.cgroupMode}`, ...drawAll(inventory, usage)].join("\n");
}

/** By directory; rates want two looks, which `terrarium top` takes. */
type Usage = ReadonlyMap<string, UsageSample>;

async function usageOf(connection: HelperClient, inventory: HostInventory): Promise<Usage> {
  const directories = inventory.host.hierarchies.flatMap((hierarchy) =>
    [...inventory.cgroups.values()]
      .filter((cgroup) => cgroup.hierarchy === hierarchy.id)
      .map((cgroup) => directoryOf(hierarchy, cgroup)),
  );
  const measured = await new Rounds(connection).measure(directories, true);
  return new Map(measured.map(({ sample }) => [sample.target, sample]));
}

function directoryOf({ mountPoint }: HostHierarchy, { path }: HostCgroup): string {
  return path === "/" ? mountPoint : `${mountPoint}${path}`;
}

function document({ host, cgroups }: HostInventory, usage: Usage) {
  const mountPoints = new Map(host.hierarchies.map((one) => [one.id, one]));
  const rows = [...cgroups.values()].map((cgroup) => {
    const hierarchy = mountPoints.get(cgroup.hierarchy);
    return { ...cgroup, usage: hierarchy && usage.get(directoryOf(hierarchy, cgroup)) };
  });
  return { host, cgroups: rows };
}

function drawAll(inventory: HostInventory, usage: Usage): readonly string[] {
  return inventory.host.hierarchies.flatMap((hierarchy) => {
    const root = inventory.cgroups.get(`${hierarchy.id}:/`);
    return root ? drawHierarchy(hierarchy, root, { ...inventory, usage }) : [];
  });
}

interface Drawing extends HostInventory {
  readonly usage: Usage;
}

function drawHierarchy(
  hierarchy: HostHierarchy,
  root: HostCgroup,
  drawing: Drawing,
): readonly string[] {
  const { id, version, mountPoint } = hierarchy;
  return [
    printable(`${id} (v${version})  ${mountPoint}  ${population(root, drawing)}`),
    ...drawChildren(hierarchy, root, drawing, ""),
  ];
}

/** The lines of tree(1). */
function drawChildren(
  hierarchy: HostHierarchy,
  parent: HostCgroup,
  drawing: Drawing,
  indent: string,
): readonly string[] {
  const children = cgroupsByParent(drawing.cgroups).get(tableKeys.cgroups(parent)) ?? [];
  return children.flatMap((child, index) => {
    const last = index === children.length - 1;
    const line = `${indent}${last ? "└─" : "├─"} ${describe(hierarchy, child, drawing)}`;
    return [line, ...drawChildren(hierarchy, child, drawing, `${indent}${last ? "   " : "│  "}`)];
  });
}

function describe(hierarchy: HostHierarchy, cgroup: HostCgroup, drawing: Drawing): string {
  const container = drawing.containers.get(cgroup.container ?? "");
  const owner = container && `${container.engine} ${containerTitle(container)}`;
  const words = [
    cgroupName(cgroup),
    population(cgroup, drawing),
    ...figures(drawing.usage.get(directoryOf(hierarchy, cgroup))),
    cgroup.isFrozen ? "frozen" : undefined,
    cgroup.type === undefined ? undefined : cgroup.type,
    cgroup.delegatedTo === undefined ? undefined : `delegated to uid ${cgroup.delegatedTo}`,
    owner ?? managerWords(cgroup),
  ];
  return printable(words.filter((word) => word !== undefined).join("  "));
}

/** The unit's name is the cgroup's: `systemd` is enough. */
function managerWords(cgroup: HostCgroup): string | undefined {
  const { manager } = cgroup;
  return manager?.includes(`: ${cgroupName(cgroup)}`) ? manager.split(":")[0] : manager;
}

function figures(sample: UsageSample | undefined): readonly (string | undefined)[] {
  const { memory, pids } = sample ?? {};
  return [
    memory && ofMost(formatBytes(memory.current), memory.max && formatBytes(memory.max)),
    pids?.max === undefined ? undefined : `${pids.current} / ${pids.max} pids`,
  ];
}

function ofMost(used: string, most: string | 0 | undefined): string {
  return most ? `${used} / ${most}` : used;
}

/** With those below. */
function population(cgroup: HostCgroup, { cgroups }: HostInventory): string {
  return countOf(populations(cgroups).get(tableKeys.cgroups(cgroup)) ?? 0, "process");
}
