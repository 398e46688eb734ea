import type { Comparison } from "./comparison.ts";
import type { DoctorReport } from "./doctor.ts";
import type { TimelineEvent } from "./events.ts";
import type { FeatureReport } from "./features.ts";
import type { EntryPlan, Unfollowed } from "./following.ts";
import type { HostReport } from "./hostTables.ts";
import type {
  CgroupMode,
  MountList,
  ProcessDetails,
  ProcessList,
  SandboxDetails,
  SandboxSummary,
} from "./inventory.ts";
import type { InventoryPart } from "./inventoryParts.ts";
import type { IsolationReport } from "./isolation.ts";
import type { LimitsReport, UpdatedLimits } from "./limitsReport.ts";
import type { KeptLayer } from "./overlays.ts";
import type { SandboxPlan } from "./plan.ts";
import type { ParameterInput, SandboxSpecInput } from "./schemas.ts";
import type { UsageRound, UsageSample } from "./usage.ts";

/** Raised whenever a message changes its meaning; a helper refuses a client of another number. */
export const protocolVersion = 1;

/** The longest request, as JSON; the helper ends a connection that sends more. */
export const requestCapBytes = 1024 * 1024;

export interface HelperFacts {
  readonly version: string;
  readonly pid: number;
  /** Of the process that answers. */
  readonly uid: number;
  /** For whom it works, by the kernel's word: what is theirs it does with their rights alone. */
  readonly asker: number;
  /** The process is root's: more than what is the asker's can be had, where they are authorised to it. */
  readonly privileged: boolean;
  /** Everybody's processes and namespaces are shown; otherwise what the asker may see, until "host/authorise". */
  readonly seesAll: boolean;
  readonly cgroupMode: CgroupMode;
}

/** A program for a terminal (or the client's own stdio) that carries the bytes: `launcher attach SOCKET`. */
export interface Attachment {
  readonly command: string;
  readonly args: readonly string[];
}

export interface CreatedSandbox {
  /** What a client needs to go on with it; "sandbox/list" and "sandbox/inspect" read the rest from the kernel. */
  readonly sandbox: Pick<SandboxSummary, "id" | "name" | "pid">;
  /** Absent when `stdio` was `none`: the command runs already, or waits to be started. */
  readonly attach?: Attachment | undefined;
}

export interface StartedProcess {
  readonly title: string;
  /** What of the process that was entered could not be taken over; absent: all of it was. */
  readonly unfollowed?: readonly Unfollowed[] | undefined;
  /** The cgroups that were thawed for it. */
  readonly thawed?: readonly string[] | undefined;
  readonly attach?: Attachment | undefined;
}

/** One row per request: what it answers. The parameters stand in `parameterSchemas`. */
export interface Results {
  initialize: HelperFacts;
  "sandbox/parse": SandboxSpecInput;
  "sandbox/plan": SandboxPlan;
  "sandbox/export": { readonly text: string };
  "sandbox/create": CreatedSandbox;
  "sandbox/start": CreatedSandbox;
  "sandbox/list": readonly SandboxSummary[];
  "sandbox/inspect": SandboxDetails;
  "sandbox/isolation": IsolationReport;
  "sandbox/exec": StartedProcess;
  "sandbox/stop": null;
  "sandbox/kill": null;
  "sandbox/pause": null;
  "sandbox/unpause": null;
  "sandbox/remove": null;
  "limits/read": LimitsReport;
  "limits/update": UpdatedLimits;
  "limits/keep": null;
  "limits/revert": null;
  "layer/list": readonly KeptLayer[];
  "layer/remove": null;
  "process/enter": StartedProcess;
  /** What "process/enter" would do; nothing is started. */
  "process/entry": EntryPlan;
  "process/inspect": ProcessDetails;
  "process/mounts": MountList;
  "process/isolation": IsolationReport;
  "process/compare": Comparison;
  "process/kill": null;
  "target/processes": ProcessList;
  /** Asks the person at the machine whether this client may see what is not theirs; kept as long as it is connected. */
  "host/authorise": HelperFacts;
  "host/features": readonly FeatureReport[];
  /** Makes sandboxes of its own to try, and removes them. */
  "host/doctor": DoctorReport;
  "inventory/read": HostReport;
  "inventory/watch": null;
  "usage/sample": readonly UsageSample[];
  "usage/watch": null;
  "usage/history": readonly UsageSample[];
  /** Of the targets those that are not there: the others are watched. */
  "events/watch": { readonly gone: readonly string[] };
  "events/history": readonly TimelineEvent[];
}

export type MethodName = keyof Results;

/** Helper to client. */
export interface Notifications {
  /**
   * What changed in the tables that "inventory/watch" named. A table's first change is the whole. A long change comes
   * in parts (inventoryParts.ts).
   */
  "inventory/didChange": InventoryPart;
  /** Each round that a watcher of "usage/watch" asked for. */
  "usage/didSample": UsageRound;
  /** What a client watches for by "events/watch", as it happens. */
  "events/didHappen": TimelineEvent;
}

export type NotificationName = keyof Notifications;

/** What a client holds: typed requests to a helper, wherever it runs. */
export interface HelperClient {
  request<M extends MethodName>(method: M, parameters: ParameterInput<M>): Promise<Results[M]>;
  dispose(): void;
}

/** A client of a helper that may also speak first, and may end. */
export interface HelperConnection extends HelperClient {
  onNotification<N extends NotificationName>(
    name: N,
    listener: (parameters: Notifications[N]) => void,
  ): void;
  onClose(listener: () => void): void;
}

export type { ParameterInput };
