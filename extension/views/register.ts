import * as vscode from "vscode";
import { countOf, facts } from "../../helper/protocol/words.ts";
import { type HelperState, restartDelaysMs } from "../connection/helper.ts";
import { emptyContextKey, views } from "../contributions.ts";
import { filteredRows } from "./filter.ts";
import type { TreeNode } from "./nodes.ts";
import { RowTree } from "./tree.ts";
import { type Sources, type ViewKind, viewKinds } from "./viewKinds.ts";

export interface View {
  readonly tree: RowTree;
  readonly treeView: vscode.TreeView<TreeNode>;
}

export type Views = Readonly<Record<keyof typeof views, View>>;

/** Changes that come close together are drawn once: a burst of a hundred is one look at the rows. */
const settleMs = 30;
/** While VS Code takes a row's children in, a change of what is above it would close the row again. */
const openingMs = 400;
/** Of the extension host's time, what one view's rows may take. */
const largestShareOfTime = 0.1;
/** However long it took: on a machine that stood still for a while nobody looks at rows of before for a minute. */
const longestRestMs = 2_000;
/** Uptimes are told in minutes. */
const clockMs = 30_000;
/** What a filter has found is opened for so many rows, and so deep as VS Code allows. */
const mostOpened = 20;
const levelsOpened = 3;
/** More than the helper is asked to listen to (events/watch). */
const mostListenedTo = 200;

export function registerViews(sources: Sources, subscriptions: vscode.Disposable[]): Views {
  const registered = {
    containers: registerView(viewKinds.containers, sources, subscriptions),
    namespaces: registerView(viewKinds.namespaces, sources, subscriptions),
    cgroups: registerView(viewKinds.cgroups, sources, subscriptions),
  };
  askForOpenContainers(registered.containers, sources, subscriptions);
  showBadge(registered.containers, sources, subscriptions);
  sayWhenEmpty(registered.containers, sources, subscriptions);
  return registered;
}

function registerView(kind: ViewKind, sources: Sources, subscriptions: vscode.Disposable[]): View {
  const tree = new RowTree();
  const treeView = vscode.window.createTreeView(kind.id, {
    treeDataProvider: tree,
    showCollapseAll: true,
    canSelectMany: true,
  });
  const view = { tree, treeView };
  let filter = sources.choices.filter(kind.id);
  const redraw = soon(settleMs, () => {
    if (!treeView.visible) return;
    draw(view, kind, sources);
    const before = filter;
    filter = sources.choices.filter(kind.id);
    if (filter !== before) openOnTheWay(view);
  });
  const clock = setInterval(redraw.run, clockMs);
  subscriptions.push(
    tree,
    treeView,
    redraw,
    new vscode.Disposable(() => clearInterval(clock)),
    treeView.onDidChangeVisibility(({ visible }) => want(visible)),
    // A person waits for the first rows, and for what was chosen.
    ...changesOf(sources).map((changed) =>
      changed(() => (tree.isReady ? redraw.run() : redraw.runAtOnce())),
    ),
    sources.choices.onDidChange(redraw.runAtOnce),
    tree.onDidOpen(() => redraw.holdBack(openingMs)),
    sources.helper.onDidChangeState(follow),
  );
  followShown(view, kind, sources, subscriptions);
  follow(sources.helper.state);
  if (treeView.visible) want(true);
  return view;

  function want(wanted: boolean): void {
    for (const table of kind.tables) sources.reports.want(kind.id, table, wanted);
    if (wanted) redraw.run();
  }

  function follow(state: HelperState): void {
    treeView.message = stateMessage(state) ?? "";
    if (state.kind === "failed" || state.kind === "unsupported") tree.show([]);
  }
}

/** Whatever of it changed: what a view shows of it is compared row by row. */
function changesOf(sources: Sources): readonly vscode.Event<unknown>[] {
  const { reports, details, parts, alerts, containerUsage, cgroupUsage, reentry } = sources;
  return [reports, details, parts, alerts, containerUsage, cgroupUsage, reentry].map(
    ({ onDidChange }): vscode.Event<unknown> => onDidChange,
  );
}

function draw({ tree, treeView }: View, kind: ViewKind, sources: Sources): void {
  const filter = sources.choices.filter(kind.id);
  const all = sources.reports.holds(kind.tables) ? kind.rows(sources) : undefined;
  const rows = all && filteredRows(all, filter);
  if (rows) tree.show(rows);
  treeView.description = facts(kind.note(sources), filter && `filter: ${filter}`);
  if (sources.helper.state.kind === "running")
    treeView.message = rows?.length === 0 && filter ? `Nothing here matches "${filter}".` : "";
}

/** VS Code keeps a row closed that somebody has closed before: what a filter found in it would stay hidden. */
function openOnTheWay({ tree, treeView }: View): void {
  for (const node of tree.onTheWay(mostOpened)) {
    void treeView.reveal(node, { select: false, focus: false, expand: levelsOpened });
  }
}

/** Usage and events are of the rows that one can see, and of none while the view is hidden. */
function followShown(
  { tree, treeView }: View,
  { id, usage }: ViewKind,
  sources: Sources,
  subscriptions: vscode.Disposable[],
): void {
  const follow = soon(settleMs, () => {
    const shown = treeView.visible ? tree.shown() : [];
    const targets = shown.flatMap((row) => usage?.target(row, sources) ?? []);
    usage?.of(sources).show(targets);
    listen(id, treeView.visible, targets, sources);
  });
  const setOpen = (node: TreeNode, open: boolean) => {
    tree.setOpen(node, open);
    follow.run();
  };
  subscriptions.push(
    follow,
    treeView.onDidExpandElement(({ element }) => setOpen(element, true)),
    treeView.onDidCollapseElement(({ element }) => setOpen(element, false)),
    treeView.onDidChangeVisibility(follow.run),
    tree.onDidShow(follow.run),
  );
}

function listen(
  who: string,
  isVisible: boolean,
  targets: readonly string[],
  { events }: Sources,
): void {
  const sandboxes = who === views.containers;
  const selection = { sandboxes, targets: targets.slice(0, mostListenedTo) };
  events.want(who, isVisible ? selection : undefined);
}

function askForOpenContainers(
  { tree, treeView }: View,
  { parts }: Sources,
  subscriptions: vscode.Disposable[],
): void {
  const closed = ({ row: { subject } }: TreeNode) => {
    if (subject.kind === "container") parts.close(subject.container);
  };
  subscriptions.push(
    tree.onDidOpen(({ subject }) => {
      if (subject.kind === "container") parts.open(subject.container);
    }),
    treeView.onDidCollapseElement(({ element }) => closed(element)),
  );
}

/** On the activity bar: how many have run out of memory or met a limit since somebody looked. */
function showBadge(
  { treeView }: View,
  { alerts }: Sources,
  subscriptions: vscode.Disposable[],
): void {
  const show = () => {
    const { length } = alerts.unseen;
    const tooltip = `Terrarium: ${countOf(length, "alert")} of memory or a limit`;
    treeView.badge = length === 0 ? undefined : { value: length, tooltip };
  };
  subscriptions.push(alerts.onDidChange(show));
}

/** VS Code takes a view whose rows are not there yet for an empty one, and would greet who has containers. */
function sayWhenEmpty(
  { tree }: View,
  { helper }: Sources,
  subscriptions: vscode.Disposable[],
): void {
  let said: boolean | undefined;
  const say = () => {
    const isEmpty = tree.isEmpty && helper.state.kind === "running";
    if (isEmpty !== said)
      void vscode.commands.executeCommand("setContext", emptyContextKey, isEmpty);
    said = isEmpty;
  };
  subscriptions.push(tree.onDidShow(say));
}

/** Only for the moment in which old rows are still shown; what is final is welcome content. */
function stateMessage(state: HelperState): string | undefined {
  if (state.kind !== "restarting") return undefined;
  return `The helper does not answer. Starting it again (${state.attempt} of ${restartDelaysMs.length})…`;
}

interface Soon extends vscode.Disposable {
  run(): void;
  runAtOnce(): void;
  /** For so long what was called for waits. */
  holdBack(ms: number): void;
}

/**
 * Calls that come close together become one, which comes even while others go on. What takes long is done the less
 * often: thousands of rows that change all the time do not keep the editor busy.
 */
function soon(delayMs: number, action: () => void): Soon {
  let timer: NodeJS.Timeout | undefined;
  let restMs = delayMs;
  let notBeforeMs = 0;
  const schedule = () => {
    timer ??= setTimeout(act, Math.max(restMs, notBeforeMs - performance.now()));
  };
  const act = () => {
    const begunMs = performance.now();
    timer = undefined;
    if (begunMs < notBeforeMs) return schedule();
    action();
    const fairMs = (performance.now() - begunMs) / largestShareOfTime;
    restMs = Math.max(delayMs, Math.min(fairMs, longestRestMs));
  };
  return {
    run: schedule,
    runAtOnce: () => {
      clearTimeout(timer);
      notBeforeMs = 0;
      timer = setTimeout(act, 0);
    },
    holdBack: (ms) => {
      notBeforeMs = performance.now() + ms;
    },
    dispose: () => clearTimeout(timer),
  };
}
