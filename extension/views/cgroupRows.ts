import { containerTitle } from "../../helper/protocol/containerWords.ts";
import {
  type HostCgroup,
  type HostHierarchy,
  tableKeys,
} from "../../helper/protocol/hostTables.ts";
import {
  cgroupName,
  cgroupsByParent,
  populations,
  remembered,
} from "../../helper/protocol/tableIndexes.ts";
import { countOf, facts } from "../../helper/protocol/words.ts";
import type { RowToken } from "../contributions.ts";
import type { Card, Row, RowIcon } from "./row.ts";
import type { Tables } from "./tables.ts";
import { coarsePercent, twoDigits, type Usage, usageWords } from "./usageWords.ts";
import { spokenFacts } from "./words.ts";

export const cgroupOrders = ["name", "cpu", "memory"] as const;
export type CgroupOrder = (typeof cgroupOrders)[number];

/** What the rows of cgroups are made of. */
export interface CgroupFacts {
  readonly tables: Tables;
  /** By directory. */
  readonly usage: Usage;
  readonly order: CgroupOrder;
}

/** One cgroup and where it lies. */
interface Place {
  readonly hierarchy: HostHierarchy;
  readonly cgroup: HostCgroup;
}

/** The rows of the third view: a root for each hierarchy of this machine, version 2 first. */
export function cgroupRows(from: CgroupFacts): readonly Row[] {
  const { host, cgroups } = from.tables;
  return [...host.hierarchies]
    .sort((a, b) => b.version - a.version)
    .flatMap((hierarchy) => {
      const root = cgroups.get(rootKey(hierarchy));
      return root ? [hierarchyRow({ hierarchy, cgroup: root }, from)] : [];
    });
}

/** Of those rows that are not a hierarchy's root: its figures are the machine's, or none. */
export function directoryOf({ subject }: Row): string | undefined {
  if (subject.kind !== "cgroup" || subject.cgroup.path === "/") return undefined;
  return directory(subject);
}

function directory({ hierarchy, cgroup }: Place): string {
  return `${hierarchy.mountPoint}${cgroup.path}`;
}

function rootKey({ id }: HostHierarchy): string {
  return `${id}:/`;
}

function hierarchyRow(place: Place, from: CgroupFacts): Row {
  const { hierarchy, cgroup } = place;
  const { id, version, controllers, mountPoint } = hierarchy;
  const total = countOf(populationOf(cgroup, from.tables), "process");
  const below = [...from.tables.cgroups.values()].filter((one) => one.hierarchy === id).length - 1;
  const row: Row = {
    id,
    label: `${id} (v${version})`,
    description: facts(below === 0 ? undefined : countOf(below, "cgroup"), total),
    icon: { codicon: version === 2 ? "type-hierarchy" : "dashboard" },
    tokens: ["cgroup", "hierarchy"],
    subject: { kind: "cgroup", ...place, title: id },
    spoken: `Cgroup hierarchy ${id}, version ${version}, ${total}`,
    card: () => ({
      title: `${id}, cgroup version ${version}`,
      lesson:
        version === 2
          ? "One tree in which a cgroup is bounded by every controller at once."
          : "Version 1 gives these controllers a tree of their own.",
      facts: [
        ["mounted at", mountPoint],
        ["controllers", controllers.join(", ") || "none"],
        ["processes", total],
      ],
    }),
  };
  return withChildren(row, place, from);
}

interface KeptRow {
  readonly reading: unknown;
  readonly row: Row;
}

const keptRows = remembered((_tables: Tables) => new Map<HostCgroup, KeptRow>());

/** While the tables are the same, a row is another one only by its figures, and few have any: those that are shown. */
function keptRow(parentId: string, place: Place, from: CgroupFacts): Row {
  const rows = keptRows(from.tables);
  const reading = from.usage.get(directory(place));
  const kept = rows.get(place.cgroup);
  if (kept && kept.reading === reading) return kept.row;
  const row = cgroupRow(parentId, place, from);
  // What is below one is in the order, and has the figures, of this moment.
  if (!row.children) rows.set(place.cgroup, { reading, row });
  return row;
}

function cgroupRow(parentId: string, place: Place, from: CgroupFacts): Row {
  const { cgroup } = place;
  const { tables } = from;
  const path = directory(place);
  const name = cgroupName(cgroup);
  const container = tables.containers.get(cgroup.container ?? "");
  const isContainersOwn = container !== undefined && isDirectoryOf(container.cgroups, path, cgroup);
  const label = isContainersOwn ? containerTitle(container) : name;
  const reading = from.usage.get(path);
  const total = populationOf(cgroup, tables);
  const words = facts(
    label === name ? undefined : shortName(name),
    ...states(cgroup),
    reading && usageWords(reading),
    total === 0 ? "empty" : countOf(total, "process"),
    managerWords(cgroup, name),
  );
  const row: Row = {
    id: `${parentId}/${name}`,
    label,
    description: words,
    icon: icon(cgroup, isContainersOwn, cgroupsByParent(tables.cgroups).has(keyOf(cgroup))),
    tokens: ["cgroup", ...(total > 0 ? (["populated"] as const) : []), ...stateTokens(cgroup)],
    subject: { kind: "cgroup", ...place, title: label },
    spoken: `Cgroup ${label}, ${spokenFacts(words)}`,
    alerts: container?.engine === "terrarium" && isContainersOwn ? container.id : path,
    isFrozen: cgroup.isFrozen,
    alsoFound: facts(cgroup.path, cgroup.manager),
    card: () => cgroupCard(place, label, total, container && containerTitle(container)),
  };
  return withChildren(row, place, from);
}

/** Below a container's cgroup there may be others of its own. */
function isDirectoryOf(
  cgroups: Readonly<Record<string, string>>,
  path: string,
  { hierarchy, path: relative }: HostCgroup,
): boolean {
  const own = cgroups[hierarchy];
  return own === path || own === relative;
}

/** `docker-6f2a0b…`: 64 digits say no more than twelve. */
function shortName(name: string): string {
  return name.replace(/[0-9a-f]{64}/, (id) => `${id.slice(0, 12)}…`);
}

function states({ isFrozen, type, delegatedTo }: HostCgroup): readonly (string | undefined)[] {
  return [
    isFrozen ? "frozen" : undefined,
    type === "domain invalid" ? "takes no processes" : type && "threaded",
    delegatedTo === undefined ? undefined : `delegated to user id ${delegatedTo}`,
  ];
}

/** Not where the name says it already: `ssh.service` of `systemd: ssh.service`. */
function managerWords({ manager }: HostCgroup, name: string): string | undefined {
  return manager?.includes(`: ${name}`) ? undefined : manager;
}

function stateTokens({ isFrozen, delegatedTo }: HostCgroup): readonly RowToken[] {
  return [
    ...(isFrozen ? (["frozen"] as const) : []),
    ...(delegatedTo === undefined ? [] : (["delegated"] as const)),
  ];
}

function icon({ isFrozen, container }: HostCgroup, isOwn: boolean, hasChildren: boolean): RowIcon {
  if (isFrozen) return { codicon: "debug-pause", color: "charts.yellow" };
  if (isOwn && container?.startsWith("terrarium:"))
    return { codicon: "vm-running", color: "charts.green" };
  if (isOwn) return { codicon: "package" };
  // `folder` itself would be the file icon theme's, where a row has a URI to be marked by.
  return { codicon: hasChildren ? "file-directory" : "circle-outline" };
}

function cgroupCard(
  place: Place,
  title: string,
  total: number,
  container: string | undefined,
): Card {
  const { hierarchy, cgroup } = place;
  const { processes, type, isFrozen, delegatedTo, manager, passesOn } = cgroup;
  const optional: readonly (readonly [string, string | undefined])[] = [
    ["container", container],
    ["made by", manager],
    ["frozen", isFrozen ? "its processes stand still until it is thawed" : undefined],
    ["type", type],
    ["delegated to", delegatedTo === undefined ? undefined : `user id ${delegatedTo}`],
    ["passes on", passesOn.length === 0 ? undefined : passesOn.join(", ")],
  ];
  return {
    title,
    facts: [
      ["path", directory(place)],
      ["hierarchy", `${hierarchy.id}, version ${hierarchy.version}`],
      ["processes in it", `${processes}`],
      ["with those below", `${total}`],
      ...optional.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ],
  };
}

function withChildren(row: Row, { hierarchy, cgroup }: Place, from: CgroupFacts): Row {
  const children = cgroupsByParent(from.tables.cgroups).get(keyOf(cgroup));
  if (!children) return row;
  return {
    ...row,
    children: () =>
      inOrder(children, hierarchy, from).map((child) =>
        keptRow(row.id, { hierarchy, cgroup: child }, from),
      ),
  };
}

/** The largest first; what was not read yet, and equal ones, by name. */
function inOrder(
  children: readonly HostCgroup[],
  hierarchy: HostHierarchy,
  { order, usage }: CgroupFacts,
): readonly HostCgroup[] {
  const named = byName(children);
  if (order === "name") return named;
  const figure = (cgroup: HostCgroup) =>
    figures[order](usage, directory({ hierarchy, cgroup })) ?? -1;
  const sorted = named.map((cgroup) => ({ cgroup, figure: figure(cgroup) }));
  return sorted.sort((a, b) => b.figure - a.figure).map(({ cgroup }) => cgroup);
}

/** Sorted once for as long as the table is the same: to compare as people do takes longer than to make the rows. */
const byName = remembered((children: readonly HostCgroup[]): readonly HostCgroup[] => {
  const named = children.map((cgroup) => ({ cgroup, name: cgroupName(cgroup) }));
  return named.sort((a, b) => collator.compare(a.name, b.name)).map(({ cgroup }) => cgroup);
});

const collator = new Intl.Collator("en", { numeric: true });

const figures: Readonly<
  Record<Exclude<CgroupOrder, "name">, (usage: Usage, path: string) => number | undefined>
> = {
  cpu: (usage, path) => coarse(usage.get(path)?.rates?.cpuPercent, coarsePercent),
  memory: (usage, path) => coarse(usage.get(path)?.sample.memory?.current, twoDigits),
};

/** As coarse as it is shown: rows do not change places for what nobody sees. */
function coarse(value: number | undefined, step: (value: number) => number): number | undefined {
  return value === undefined ? undefined : step(value);
}

function keyOf(cgroup: HostCgroup): string {
  return tableKeys.cgroups(cgroup);
}

function populationOf(cgroup: HostCgroup, { cgroups }: Tables): number {
  return populations(cgroups).get(keyOf(cgroup)) ?? 0;
}
