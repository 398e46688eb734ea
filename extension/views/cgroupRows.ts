import type { CgroupFact, CgroupHierarchy, CgroupReport } from "../../helper/protocol/inventory.ts";
import type { Row } from "./row.ts";
import { countOf, facts } from "./words.ts";

/** What a cgroup uses, in words, by its directory. */
export type UsageWords = ReadonlyMap<string, string>;

/** The rows of the third view: a root for each hierarchy of this machine, version 2 first. */
export function cgroupRows({ hierarchies }: CgroupReport, usage: UsageWords): readonly Row[] {
  return [...hierarchies]
    .sort((a, b) => b.version - a.version)
    .map((hierarchy) => hierarchyRow(hierarchy, usage));
}

/** Of those rows that are not a hierarchy's root: its figures are the machine's, or none. */
export function directoryOf({ subject }: Row): string | undefined {
  if (subject.kind !== "cgroup" || subject.cgroup === subject.hierarchy.root) return undefined;
  return `${subject.hierarchy.mountPoint}${subject.cgroup.path}`;
}

function hierarchyRow(hierarchy: CgroupHierarchy, usage: UsageWords): Row {
  const { id, version, root, controllers, mountPoint } = hierarchy;
  const total = countOf(processesBelow(root), "process");
  const cgroups = cgroupsBelow(root);
  const row: Row = {
    id,
    label: `${id} (v${version})`,
    description: facts(cgroups === 0 ? undefined : countOf(cgroups, "cgroup"), total),
    icon: { codicon: version === 2 ? "type-hierarchy" : "dashboard" },
    tokens: ["cgroup", "hierarchy"],
    subject: { kind: "cgroup", hierarchy, cgroup: root },
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
  return withChildren(row, root, hierarchy, usage);
}

function cgroupRow(
  parentId: string,
  cgroup: CgroupFact,
  hierarchy: CgroupHierarchy,
  usage: UsageWords,
): Row {
  const total = processesBelow(cgroup);
  const path = `${hierarchy.mountPoint}${cgroup.path}`;
  const words = facts(usage.get(path), total === 0 ? "empty" : countOf(total, "process"));
  const label = cgroup.sandbox ?? cgroup.name;
  const row: Row = {
    id: `${parentId}/${cgroup.name}`,
    label,
    description: facts(cgroup.sandbox ? cgroup.name : undefined, words),
    icon: cgroup.sandbox
      ? { codicon: "vm-running", color: "charts.green" }
      : { codicon: cgroup.children.length > 0 ? "folder" : "circle-outline" },
    tokens: ["cgroup"],
    subject: { kind: "cgroup", hierarchy, cgroup },
    spoken: `Cgroup ${label}, ${words.replaceAll(" · ", ", ")}`,
    ...(cgroup.sandbox && { alerts: cgroup.name }),
    card: () => ({
      title: label,
      facts: [
        ["path", path],
        ["hierarchy", `${hierarchy.id}, version ${hierarchy.version}`],
        ["processes in it", `${cgroup.processes}`],
        ["with those below", `${total}`],
        ...(cgroup.sandbox ? [["sandbox", cgroup.sandbox] as const] : []),
      ],
    }),
  };
  return withChildren(row, cgroup, hierarchy, usage);
}

function withChildren(
  row: Row,
  { children }: CgroupFact,
  hierarchy: CgroupHierarchy,
  usage: UsageWords,
): Row {
  if (children.length === 0) return row;
  const sorted = () =>
    [...children].sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  return {
    ...row,
    children: () => sorted().map((child) => cgroupRow(row.id, child, hierarchy, usage)),
  };
}

function processesBelow({ processes, children }: CgroupFact): number {
  return children.reduce((sum, child) => sum + processesBelow(child), processes);
}

/** Without the cgroup itself. */
function cgroupsBelow({ children }: CgroupFact): number {
  return children.reduce((sum, child) => sum + 1 + cgroupsBelow(child), 0);
}
