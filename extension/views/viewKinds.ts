import { usageTarget } from "../../helper/protocol/containerWords.ts";
import type { WatchedTableName } from "../../helper/protocol/inventoryChanges.ts";
import { countOf, facts } from "../../helper/protocol/words.ts";
import type { Helper } from "../connection/helper.ts";
import { type ViewId, views } from "../contributions.ts";
import type { Reentry } from "../enter/reentry.ts";
import type { Alerts } from "../events/alerts.ts";
import type { EventFeed } from "../events/feed.ts";
import type { ContainerParts } from "../inventory/containerParts.ts";
import type { Details } from "../inventory/details.ts";
import type { Reports } from "../inventory/reports.ts";
import type { ShownUsage } from "../inventory/shownUsage.ts";
import { cgroupRows, directoryOf } from "./cgroupRows.ts";
import type { Choices } from "./choices.ts";
import { sandboxAndContainerRows } from "./firstViewRows.ts";
import { namespaceRows } from "./namespaceRows.ts";
import { beyondWords, reachOfRoot, reachOfUser } from "./reach.ts";
import type { Row } from "./row.ts";

/** All that rows are made of. */
export interface Sources {
  readonly helper: Helper;
  readonly reports: Reports;
  readonly details: Details;
  readonly parts: ContainerParts;
  readonly events: EventFeed;
  readonly alerts: Alerts;
  readonly containerUsage: ShownUsage;
  readonly cgroupUsage: ShownUsage;
  readonly choices: Choices;
  readonly reentry: Reentry;
}

/** What tells the views apart. */
export interface ViewKind {
  readonly id: ViewId;
  /** What feeds it. */
  readonly tables: readonly WatchedTableName[];
  /** Undefined: not reported yet. */
  readonly rows: (sources: Sources) => readonly Row[] | undefined;
  /** Beside the title: what the view cannot show. */
  readonly note: (sources: Sources) => string | undefined;
  /** Whose figures stand in its rows, and whose they are. */
  readonly usage?: {
    readonly of: (sources: Sources) => ShownUsage;
    readonly target: (row: Row, sources: Sources) => string | undefined;
  };
}

export const viewKinds: Readonly<Record<keyof typeof views, ViewKind>> = {
  containers: {
    id: views.containers,
    tables: ["sandboxes", "containers", "processes", "namespaces"],
    rows: containerViewRows,
    note: () => undefined,
    usage: {
      of: ({ containerUsage }) => containerUsage,
      target: ({ subject }, { reports: { last } }) =>
        subject.kind === "container" && last.tables
          ? usageTarget(subject.container, last.tables)
          : undefined,
    },
  },
  namespaces: {
    id: views.namespaces,
    tables: ["namespaces", "processes", "containers"],
    rows: ({ reports: { last }, choices }) =>
      last.tables && namespaceRows(last.tables, choices.get("namespacesBy")),
    note: ({ reports: { last }, helper }) =>
      deniedNote(last.tables?.host.deniedProcesses ?? 0, isRoots(helper)),
  },
  cgroups: {
    id: views.cgroups,
    tables: ["cgroups", "containers"],
    rows: ({ reports: { last }, cgroupUsage: { usage }, choices }) =>
      last.tables && cgroupRows({ tables: last.tables, usage, order: choices.get("cgroupOrder") }),
    note: ({ reports: { last } }) => last.tables?.host.cgroupMode,
    usage: { of: ({ cgroupUsage }) => cgroupUsage, target: directoryOf },
  },
};

function containerViewRows(sources: Sources): readonly Row[] | undefined {
  const { helper, reports, details, parts, alerts, containerUsage, choices, reentry } = sources;
  const { sandboxes, tables } = reports.last;
  if (!sandboxes || !tables) return undefined;
  return sandboxAndContainerRows(
    sandboxes,
    {
      tables,
      reach: isRoots(helper) ? reachOfRoot : reachOfUser,
      details: details.known,
      parts: parts.known,
      usage: containerUsage.usage,
      hasReturned: (container) => reentry.leftIn(container) !== undefined,
      alertOf: (target) => alerts.get(target),
      nowMs: Date.now(),
    },
    { order: choices.get("containerOrder"), byEngine: choices.get("containersBy") === "engine" },
  );
}

function deniedNote(denied: number, isRoot: boolean): string | undefined {
  if (denied === 0) return undefined;
  return facts(countOf(denied, "hidden process"), isRoot ? undefined : beyondWords);
}

function isRoots({ state }: Helper): boolean {
  return state.kind === "running" && state.facts.privileged;
}
