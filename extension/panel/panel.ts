import * as vscode from "vscode";
import { fromWireError } from "../../helper/protocol/errors.ts";
import type {
  PanelMessage,
  PanelRequest,
  PanelSnapshot,
  PanelSubject,
  PanelTab,
} from "../../helper/protocol/panel.ts";
import type { Helper, HelperState } from "../connection/helper.ts";
import type { Alerts } from "../events/alerts.ts";
import type { EventFeed } from "../events/feed.ts";
import { failureText, showFailure } from "../failure.ts";
import { targetOf } from "./identity.ts";
import { PanelLimitsEditor } from "./limits.ts";
import { pageHtml } from "./page.ts";
import { readFacts, tabsOf } from "./reading.ts";
import { UsageWatch } from "./usageWatch.ts";
import { perform, type WorkRequest } from "./work.ts";

/** What every panel works with. */
export interface PanelHost {
  readonly helper: Helper;
  readonly log: vscode.LogOutputChannel;
  readonly events: EventFeed;
  readonly alerts: Alerts;
  readonly extensionUri: vscode.Uri;
  /** Opens the panel of another subject. */
  readonly open: (subject: PanelSubject, tab?: PanelTab) => void;
}

/** Between two looks at what the shown tab shows. */
const refreshMs = 2_000;
/** A sandbox may make events without end: those of this time are looked at together. */
const eventsMs = 250;

/**
 * One webview tab about one subject. It asks the helper for what its page shows, and only while the page can
 * be seen; a hidden page does not exist (no retainContextWhenHidden) and begins anew with "ready". The editor takes a
 * while to make it, in which the helper answers.
 */
export class Panel implements vscode.Disposable {
  readonly subject: PanelSubject;
  readonly #host: PanelHost;
  readonly #view: vscode.WebviewPanel;
  readonly #subscriptions: vscode.Disposable;
  #tab: PanelTab = "usage";
  /** What a command asked to see of a page that was not there to be told. */
  #wanted: PanelTab | undefined;
  readonly #usage: UsageWatch;
  readonly #limits: PanelLimitsEditor;
  #snapshot: PanelSnapshot;
  #looking = false;
  /** There is a page to be told. */
  #ready = false;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  /** Counts the looks: an answer that comes after a newer question is not shown. */
  #look = 0;

  constructor(host: PanelHost, view: vscode.WebviewPanel, subject: PanelSubject) {
    this.#host = host;
    this.#view = view;
    this.subject = subject;
    this.#snapshot = { subject, tabs: tabsOf(subject) };
    this.#limits = new PanelLimitsEditor(host.helper, subject);
    this.#usage = new UsageWatch(host.helper, targetOf(subject), (usage) =>
      this.#post({ type: "usage", ...usage }),
    );
    this.#subscriptions = vscode.Disposable.from(
      this.#usage,
      host.events.onDidHappen(() => {
        if (this.#tab === "events") this.#refreshSoon();
      }),
      view.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)),
      view.onDidChangeViewState(() => this.#follow()),
      host.helper.onDidChangeState((state) => {
        if (state.kind === "running") {
          this.#limits.forget();
          this.#begin();
        } else if (withoutHelper(state) !== undefined) {
          this.refresh();
        }
      }),
    );
    view.webview.html = pageHtml(host.extensionUri);
    this.#begin();
  }

  /** Brings the panel to the front, at a tab where one is named. */
  show(tab: PanelTab | undefined): void {
    if (tab !== undefined) {
      this.#wanted = tab;
      if (this.#view.visible && this.#ready) this.#turnTo(this.#tab);
    }
    this.#view.reveal();
  }

  /** Looks now, and from then on every two seconds. */
  refresh(): void {
    clearTimeout(this.#timer);
    if (this.#view.visible && this.#looking) void this.#read();
  }

  #refreshSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.refresh();
    }, eventsMs);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#soon);
    this.#look += 1;
    this.#host.events.want(keyOf(this.subject), undefined);
    this.#subscriptions.dispose();
  }

  /** Of what can be seen nothing is known yet, or the helper is a new one. */
  #begin(): void {
    if (!this.#view.visible) return;
    this.#looking = true;
    this.#host.events.want(keyOf(this.subject), { targets: [targetOf(this.subject)] });
    this.#usage.begin();
    this.refresh();
  }

  #follow(): void {
    if (this.#view.visible) {
      if (!this.#looking) this.#begin();
      return;
    }
    this.#host.events.want(keyOf(this.subject), undefined);
    this.#usage.part();
    this.#looking = false;
    this.#ready = false;
    this.#look += 1;
    clearTimeout(this.#timer);
  }

  /** In the order in which they come: each waits for the same module. */
  async #receive(message: unknown): Promise<void> {
    const { parseRequest } = await import("./request.ts");
    const request = parseRequest(message);
    if (request) this.#take(request);
    else this.#host.log.warn("A panel's page sent something that no page of ours sends.");
  }

  #take(request: PanelRequest): void {
    switch (request.type) {
      case "ready":
        this.#ready = true;
        // The figures first: with the snapshot the page is drawn, once.
        this.#usage.meet();
        this.#post({ type: "snapshot", snapshot: this.#snapshot });
        this.#turnTo(request.tab);
        return;
      case "show":
        this.#tab = request.tab;
        if (request.tab === "usage") this.#usage.recall();
        this.refresh();
        return;
      default:
        void this.#do(request);
    }
  }

  /** Whatever came of it, the kernel is asked how things are now. */
  async #do(request: WorkRequest): Promise<void> {
    const { helper, log, open } = this.#host;
    try {
      await perform(request, { helper, subject: this.subject, limits: this.#limits, open });
    } catch (error) {
      showFailure(log, error);
    }
    this.refresh();
  }

  /** To what was asked for elsewhere, or stays at the tab that the page shows. */
  #turnTo(shown: PanelTab): void {
    const tab = this.#wanted ?? shown;
    this.#wanted = undefined;
    if (tab !== shown) this.#post({ type: "tab", tab });
    if (tab === this.#tab) return;
    this.#tab = tab;
    this.refresh();
  }

  async #read(): Promise<void> {
    this.#look += 1;
    const look = this.#look;
    const snapshot = await this.#newSnapshot();
    if (look !== this.#look) return;
    this.#snapshot = snapshot;
    this.#post({ type: "snapshot", snapshot });
    if (snapshot.header?.state === "ended") this.#usage.end();
    else this.#timer = setTimeout(() => this.refresh(), refreshMs);
  }

  async #newSnapshot(): Promise<PanelSnapshot> {
    const { subject, tabs } = this.#snapshot;
    const problem = withoutHelper(this.#host.helper.state);
    if (problem !== undefined) return { ...this.#snapshot, problem };
    if (this.#tab === "events") this.#host.alerts.look(subject.target);
    try {
      const [facts, limits] = await Promise.all([
        readFacts(this.#host.helper, subject, this.#tab),
        this.#tab === "limits" ? this.#limits.read() : undefined,
      ]);
      return { subject, tabs, ...facts, limits };
    } catch (error) {
      return withProblem(this.#snapshot, error);
    }
  }

  #post(message: PanelMessage): void {
    if (this.#ready) void this.#view.webview.postMessage(message);
  }
}

/** A process id is given anew: only with the start time it names one process. */
export function keyOf({ kind, target, startTimeTicks }: PanelSubject): string {
  return `${kind} ${target} ${startTimeTicks ?? ""}`;
}

/** Why nothing is asked now. A panel that is merely open starts no helper that has failed. */
function withoutHelper(state: HelperState): string | undefined {
  if (state.kind === "restarting")
    return "The helper has ended and is started again. What you typed here stays.";
  if (state.kind !== "failed") return undefined;
  return `${state.reason} "Terrarium: Start Helper" starts it again; what you typed here stays.`;
}

const goneCodes: ReadonlySet<string> = new Set(["noSuchSandbox", "noSuchProcess", "noSuchCgroup"]);

/** What was known stays to be seen, and the header says that it is over. */
function withProblem(last: PanelSnapshot, error: unknown): PanelSnapshot {
  const problem = failureText(error);
  if (!goneCodes.has(fromWireError(error).code)) return { ...last, problem };
  return { ...last, problem, header: { state: "ended", stateWords: "ended", actions: [] } };
}
