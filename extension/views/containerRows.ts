import { containerLabel, usageTarget, whatItIs } from "../../helper/protocol/containerWords.ts";
import { type HostContainer, tableKeys } from "../../helper/protocol/hostTables.ts";
import type { LimitReading, MountList } from "../../helper/protocol/inventory.ts";
import { containersByParent, processesByContainer } from "../../helper/protocol/tableIndexes.ts";
import { facts } from "../../helper/protocol/words.ts";
import type { Alert } from "../events/alerts.ts";
import { alertFacts, spokenAlert } from "./alertWords.ts";
import { containerShares } from "./containerShares.ts";
import { containerIcon, engineWords, runningWords } from "./containerWords.ts";
import { limitsRow } from "./limitRows.ts";
import { containerAccess, mountsRow } from "./mountRows.ts";
import { processesRow } from "./processRows.ts";
import type { Reach } from "./reach.ts";
import type { Card, Row } from "./row.ts";
import { shareRows } from "./shareRows.ts";
import type { Tables } from "./tables.ts";
import { memoryUsageWords, type Usage } from "./usageWords.ts";
import { spokenFacts } from "./words.ts";

/** What is asked for only when somebody opens a container's row. */
export interface ContainerPart extends MountList {
  readonly limits: readonly LimitReading[];
}

/** What the rows of containers are made of. */
export interface ContainerFacts {
  /** By what the row is marked by: a sandbox's id, a cgroup's path. */
  readonly alertOf: (target: string) => Alert | undefined;
  readonly tables: Tables;
  readonly reach: Reach;
  /** It ended under a terminal, and is there again. */
  readonly hasReturned: (container: HostContainer) => boolean;
  /** By a container's key. */
  readonly parts: ReadonlyMap<string, ContainerPart>;
  readonly usage: Usage;
  readonly nowMs: number;
}

/** A container of any engine, and those inside it below it. */
export function containerRow(
  container: HostContainer,
  parentId: string | undefined,
  from: ContainerFacts,
): Row {
  const key = tableKeys.containers(container);
  const id = parentId === undefined ? key : `${parentId}/${key}`;
  const { state, startedAtMs, engine } = container;
  const label = containerLabel(container);
  const target = usageTarget(container, from.tables);
  const memory = target === undefined ? undefined : from.usage.get(target)?.sample.memory;
  const alert = target === undefined ? undefined : from.alertOf(target);
  const topmost = topmostOf(container, from.tables);
  const beyond = from.reach(topmost);
  const what = facts(
    engineWords[engine].title.toLowerCase(),
    runningWords(state, startedAtMs, from.nowMs),
    memory && memoryUsageWords(memory),
    whatItIs(container, topmost?.command),
    beyond,
  );
  return {
    id,
    label,
    description: what,
    icon: containerIcon(container),
    tokens: [
      ...(["container", state] as const),
      ...(alert?.isNew ? (["alert"] as const) : []),
      ...(beyond ? (["beyond"] as const) : []),
      ...(from.hasReturned(container) ? (["returned"] as const) : []),
    ],
    subject: { kind: "container", container },
    spoken: `Container ${label}, ${spokenFacts(what)}${spokenAlert(alert)}`,
    alsoFound: `${container.id} ${container.pid} ${container.image ?? ""}`,
    ...(target !== undefined && alert?.isNew && { alerts: target }),
    isFrozen: state === "paused",
    card: () => containerCard(container, from.tables, alert),
    children: () => containerParts(id, container, from),
  };
}

/** Those whose parent it is, by name. */
export function nestedContainers(
  parentKey: string,
  parentId: string,
  from: ContainerFacts,
): readonly Row[] {
  const nested = containersByParent(from.tables.containers).get(parentKey) ?? [];
  return nested
    .map((container) => containerRow(container, parentId, from))
    .sort((a, b) => a.label.localeCompare(b.label, "en", { numeric: true }));
}

function containerParts(id: string, container: HostContainer, from: ContainerFacts) {
  const { tables } = from;
  const key = tableKeys.containers(container);
  const processes = processesByContainer(tables.processes).get(key) ?? [];
  const parts = from.parts.get(key);
  return [
    processesRow(id, processes, from.reach),
    ...shareRows(id, containerShares(container, tables), {
      name: containerLabel(container),
      processes: processes.length,
      main: topmostOf(container, tables),
    }),
    ...(parts ? [limitsRow(id, parts.limits), mountsRow(id, parts, containerAccess)] : []),
    ...nestedContainers(key, id, from),
  ];
}

function topmostOf({ pid, startTimeTicks }: HostContainer, { processes }: Tables) {
  return processes.get(`${pid}:${startTimeTicks}`);
}

function containerCard(
  container: HostContainer,
  { containers }: Tables,
  alert: Alert | undefined,
): Card {
  const { title, lesson } = engineWords[container.engine];
  const parent = container.parent === undefined ? undefined : containers.get(container.parent);
  const optional: readonly (readonly [string, string | undefined])[] = [
    ["image", container.image],
    ["pod", container.pod?.name],
    ["Kubernetes namespace", container.pod?.namespace],
    ["inside", parent && containerLabel(parent)],
    ["user of the engine", container.user === undefined ? undefined : `user id ${container.user}`],
  ];
  return {
    title: `${containerLabel(container)}, a container of ${title}`,
    lesson,
    facts: [
      ...alertFacts(alert),
      ["state", container.state === "paused" ? "paused: its processes stand still" : "running"],
      ["id", container.id],
      ...optional.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
      ["process on the host", `${container.pid}`],
      ["started", new Date(container.startedAtMs).toLocaleString()],
      ["namespaces of its own", container.ownNamespaces.join(", ") || "none"],
      ...cgroupFacts(container.cgroups),
      ...container.evidence.map(
        ({ source, detail }, at) =>
          [at === 0 ? "how we know" : "", `${source}: ${detail}`] as const,
      ),
    ],
  };
}

/** On v1 a container has a directory in a dozen hierarchies: one path stands for all, the names follow. */
export function cgroupFacts(cgroups: Readonly<Record<string, string>>): Card["facts"] {
  const [first, ...others] = Object.entries(cgroups);
  if (!first) return [];
  const [hierarchy, path] = first;
  const names = others.map(([name]) => name).join(", ");
  return [
    [`cgroup (${hierarchy})`, path],
    ...(names === "" ? [] : [["and likewise in", names] as const]),
  ];
}
