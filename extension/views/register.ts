import * as vscode from "vscode";
import type { Topic } from "../../helper/protocol/methods.ts";
import type { Helper, HelperState } from "../connection/helper.ts";
import { restartDelaysMs } from "../connection/helper.ts";
import { type ViewId, views } from "../contributions.ts";
import type { Alerts } from "../events/alerts.ts";
import type { EventFeed } from "../events/feed.ts";
import type { CgroupUsage } from "../inventory/cgroupUsage.ts";
import type { Details } from "../inventory/details.ts";
import type { Reports } from "../inventory/reports.ts";
import { cgroupRows, directoryOf } from "./cgroupRows.ts";
import { namespaceRows } from "./namespaceRows.ts";
import type { TreeNode } from "./nodes.ts";
import type { Row } from "./row.ts";
import { sandboxRows } from "./sandboxRows.ts";
import { RowTree } from "./tree.ts";
import { countOf } from "./words.ts";

export interface View {
  readonly tree: RowTree;
  readonly treeView: vscode.TreeView<TreeNode>;
}

export type Views = Readonly<Record<keyof typeof views, View>>;

interface Sources {
  readonly helper: Helper;
  readonly reports: Reports;
  readonly details: Details;
  readonly events: EventFeed;
  readonly alerts: Alerts;
  readonly cgroupUsage: CgroupUsage;
}

/** What tells the views apart: the topic that feeds one, and how its report becomes rows. */
interface ViewKind {
  readonly id: ViewId;
  readonly topic: Topic;
  /** Undefined: not reported yet. */
  readonly rows: (sources: Sources) => readonly Row[] | undefined;
  /** Beside the title: what the view cannot show. */
  readonly note?: (sources: Sources) => string | undefined;
}

const kinds: Readonly<Record<keyof typeof views, ViewKind>> = {
  containers: {
    id: views.containers,
    topic: "sandboxes",
    rows: ({ reports, details, alerts }) =>
      reports.last.sandboxes &&
      sandboxRows(reports.last.sandboxes, details.known, (id) => alerts.get(id)),
  },
  namespaces: {
    id: views.namespaces,
    topic: "namespaces",
    rows: ({ reports }) => reports.last.namespaces && namespaceRows(reports.last.namespaces),
    note: ({ reports }) => deniedNote(reports.last.namespaces?.deniedProcesses ?? 0),
  },
  cgroups: {
    id: views.cgroups,
    topic: "cgroups",
    rows: ({ reports, cgroupUsage }) =>
      reports.last.cgroups && cgroupRows(reports.last.cgroups, cgroupUsage.words),
    note: ({ reports }) => reports.last.cgroups?.mode,
  },
};

export function registerViews(sources: Sources, subscriptions: vscode.Disposable[]): Views {
  const registered = {
    containers: registerView(kinds.containers, sources, subscriptions),
    namespaces: registerView(kinds.namespaces, sources, subscriptions),
    cgroups: registerView(kinds.cgroups, sources, subscriptions),
  };
  followShownCgroups(registered.cgroups, sources, subscriptions);
  return registered;
}

/** Usage is read of the cgroups that one can see, and of none while the view is hidden. */
function followShownCgroups(
  { tree, treeView }: View,
  { cgroupUsage, reports }: Sources,
  subscriptions: vscode.Disposable[],
): void {
  const follow = () =>
    cgroupUsage.show(treeView.visible ? tree.shown().flatMap((row) => directoryOf(row) ?? []) : []);
  const setOpen = (node: TreeNode, open: boolean) => {
    tree.setOpen(node, open);
    follow();
  };
  subscriptions.push(
    treeView.onDidExpandElement(({ element }) => setOpen(element, true)),
    treeView.onDidCollapseElement(({ element }) => setOpen(element, false)),
    treeView.onDidChangeVisibility(follow),
    reports.onDidChange(follow),
  );
}

function registerView(kind: ViewKind, sources: Sources, subscriptions: vscode.Disposable[]): View {
  const tree = new RowTree();
  const treeView = vscode.window.createTreeView(kind.id, {
    treeDataProvider: tree,
    showCollapseAll: true,
  });
  const redraw = () => {
    const rows = kind.rows(sources);
    if (rows) tree.show(rows);
    treeView.description = kind.note?.(sources) ?? "";
  };
  const follow = (state: HelperState) => {
    treeView.message = stateMessage(state) ?? "";
    if (state.kind === "failed" || state.kind === "unsupported") tree.show([]);
  };
  const want = (wanted: boolean) => {
    sources.reports.want(kind.topic, wanted);
    if (kind.topic === "sandboxes")
      sources.events.want(kind.id, wanted ? { sandboxes: true } : undefined);
  };
  subscriptions.push(
    tree,
    treeView,
    treeView.onDidChangeVisibility(({ visible }) => want(visible)),
    sources.reports.onDidChange((topic) => {
      if (topic === kind.topic) redraw();
    }),
    sources.details.onDidChange(() => {
      if (kind.topic === "sandboxes") redraw();
    }),
    sources.cgroupUsage.onDidChange(() => {
      if (kind.topic === "cgroups") redraw();
    }),
    sources.alerts.onDidChange(() => {
      if (kind.topic === "sandboxes") redraw();
    }),
    sources.helper.onDidChangeState(follow),
  );
  follow(sources.helper.state);
  if (treeView.visible) want(true);
  return { tree, treeView };
}

/** Only for the moment in which old rows are still shown; what is final is welcome content. */
function stateMessage(state: HelperState): string | undefined {
  if (state.kind !== "restarting") return undefined;
  return `The helper does not answer. Starting it again (${state.attempt} of ${restartDelaysMs.length})…`;
}

function deniedNote(denied: number): string | undefined {
  return denied === 0 ? undefined : countOf(denied, "hidden process");
}
