import type { TimelineEvent } from "./events.ts";
import type { MountFact, NamespaceShare, ProcessList } from "./inventory.ts";
import type { IsolationReport } from "./isolation.ts";
import type { LimitName } from "./limits.ts";
import type { LimitsReport } from "./limitsReport.ts";
import type { UsageSample } from "./usage.ts";

/**
 * What a panel's page and its editor side say to each other: whole snapshots to the page, a closed set of
 * requests back. The page is not trusted: extension/panel/request.ts checks each request.
 */

export const panelTabs = [
  "usage",
  "limits",
  "processes",
  "namespaces",
  "mounts",
  "isolation",
  "events",
] as const;
export type PanelTab = (typeof panelTabs)[number];

/** Whom a panel is about. `target` is as the helper takes it: a sandbox's id, a pid, a cgroup's path. */
export interface PanelSubject {
  readonly kind: "sandbox" | "process" | "cgroup";
  readonly target: string;
  readonly title: string;
  /** Of a process: a pid that was given to somebody else since is not this one. */
  readonly startTimeTicks?: number | undefined;
}

export type LimitTexts = { readonly [N in LimitName]?: string | undefined };

export interface ProcessIdentity {
  readonly pid: number;
  readonly startTimeTicks: number;
}

export const panelActions = ["enter", "pause", "resume", "start", "stop"] as const;
export type PanelAction = (typeof panelActions)[number];

export interface PanelHeader {
  /** How the state is marked; `ended` is what no longer is. */
  readonly state: "running" | "paused" | "resting" | "ended";
  readonly stateWords: string;
  readonly pid?: number | undefined;
  /** Not a time of day: the page's clock may be another machine's. */
  readonly upMs?: number | undefined;
  readonly actions: readonly PanelAction[];
}

/** The limits, and how the last change of them by this panel went. */
export interface PanelLimits {
  readonly report: LimitsReport;
  /** Counts the changes that were answered: the page knows by it which of its drafts are settled. */
  readonly answers: number;
  /** What was changed, in words, and what may undo it behind our back; absent where it was refused. */
  readonly changed?:
    | { readonly words: readonly string[]; readonly note?: string | undefined }
    | undefined;
  readonly refused?:
    | { readonly limit?: LimitName | undefined; readonly message: string }
    | undefined;
  readonly canUndo: boolean;
  /** Until the change is put back. Not a time of day: the page's clock may be another machine's. */
  readonly revertsInMs?: number | undefined;
}

/** `writable` reaches files of the host; `private` exists only as long as the sandbox. */
export type MountAccess = "writable" | "read-only" | "private" | "device";

/** All that is known; what was not asked for, because no tab shows it, is absent. */
export interface PanelSnapshot {
  readonly subject: PanelSubject;
  /** The tabs that make sense for this subject. */
  readonly tabs: readonly PanelTab[];
  readonly header?: PanelHeader | undefined;
  /** Why the rest is missing, or old. */
  readonly problem?: string | undefined;
  readonly limits?: PanelLimits | undefined;
  readonly processes?: ProcessList | undefined;
  readonly namespaces?: readonly NamespaceShare[] | undefined;
  readonly mounts?: readonly (MountFact & { readonly access: MountAccess })[] | undefined;
  readonly mountsLeftOut?: number | undefined;
  readonly isolation?: IsolationReport | undefined;
  /** What is still known, the oldest first. */
  readonly events?: readonly TimelineEvent[] | undefined;
  /** What was seen before the page was there, oldest first: another array each time that it was asked for. */
  readonly history?: readonly UsageSample[] | undefined;
  /** The newest; what came since the history, came one by one. */
  readonly sample?: UsageSample | undefined;
}

/** What a message of its own brings: an hour of samples is not sent again with each. */
type Usage = "history" | "sample";

/** To the page. `tab`: somebody asked for it elsewhere, by a menu or a command. */
export type PanelMessage =
  | { readonly type: "snapshot"; readonly snapshot: Omit<PanelSnapshot, Usage> }
  | ({ readonly type: "usage" } & Pick<PanelSnapshot, Usage>)
  | { readonly type: "tab"; readonly tab: PanelTab };

export const exportFormats = ["csv", "png"] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** From the page. */
export type PanelRequest =
  /** The page has been loaded, and shows that tab. */
  | { readonly type: "ready"; readonly tab: PanelTab }
  | { readonly type: "show"; readonly tab: PanelTab }
  | { readonly type: "act"; readonly action: PanelAction }
  /** Texts as a flag takes them; an empty one is no limit. */
  | {
      readonly type: "updateLimits";
      readonly limits: LimitTexts;
      readonly revertAfterMs?: number | undefined;
    }
  | { readonly type: "undoLimits" | "keepLimits" | "revertLimits" | "copyFlags" }
  | { readonly type: "openLimitFile" | "copyLimitFile" | "openLimiting"; readonly limit: LimitName }
  | { readonly type: "kill"; readonly process: ProcessIdentity }
  /** The limits of the cgroup with that directory. */
  | { readonly type: "openCgroup"; readonly path: string }
  /** The panel of that process. */
  | { readonly type: "openProcess"; readonly process: ProcessIdentity }
  /** A file for the user to put somewhere. `content`: text, or a picture in base64. */
  | { readonly type: "export"; readonly format: ExportFormat; readonly content: string };

/** What the page leaves with the editor, and finds again after it was hidden or reloaded. */
export interface PanelState {
  readonly subject: PanelSubject;
  readonly tab: PanelTab;
  /** Of the tabs, by their own keys. */
  readonly kept: Readonly<Record<string, unknown>>;
}
