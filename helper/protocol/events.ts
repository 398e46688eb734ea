import { formatBytes } from "./bytes.ts";
import { formatLimit, type LimitName, limitFacts } from "./limits.ts";
import type { LimitValue } from "./limitUnits.ts";

/** A process that the kernel killed. What is absent nobody could say any more. */
export interface KilledProcess {
  /** On the host. */
  readonly pid?: number | undefined;
  /** The number that it had where it lived. */
  readonly innerPid?: number | undefined;
  readonly command?: string | undefined;
  /** Resident when it was killed. */
  readonly memoryBytes?: number | undefined;
}

/** Where what is told of an OOM kill was read: the log of the kernel, a look at the processes before, a counter alone. */
export type OomSource = "kernelLog" | "processes" | "counter";

/** What happened, and what is known of it. */
export type Happening =
  | { readonly kind: "started"; readonly pid?: number | undefined }
  | {
      readonly kind: "exited";
      /** Both absent: it kept no record of its end. */
      readonly code?: number | undefined;
      readonly signal?: string | undefined;
      readonly oomKilled?: boolean | undefined;
    }
  | { readonly kind: "paused" }
  | { readonly kind: "resumed" }
  | {
      readonly kind: "limitChanged";
      readonly limit: LimitName;
      /** Absent: no limit. */
      readonly from?: LimitValue | undefined;
      readonly to?: LimitValue | undefined;
      /** The user who asked for it. */
      readonly byUid: number;
    }
  | {
      readonly kind: "throttled";
      readonly phase: "began" | "ended";
      /** Of the periods in which something wanted to run, those that were cut short: 0 to 1. */
      readonly share: number;
      /** How long it was, when it ended. */
      readonly forMs?: number | undefined;
    }
  | {
      readonly kind: "memoryHigh";
      /** How often since the last event of this kind. */
      readonly count: number;
      readonly limitBytes?: number | undefined;
    }
  | {
      readonly kind: "pidsLimit";
      readonly count: number;
      readonly most?: number | undefined;
    }
  | {
      readonly kind: "oomKill";
      readonly killed: readonly KilledProcess[];
      /** Of the kills: more than were named, when they came faster than they could be told. */
      readonly count: number;
      /** Who had most in the same cgroup, where that is another process. */
      readonly biggest?: KilledProcess | undefined;
      /** What was used up: what its own limit allows, that of another cgroup (above it, or below), or all memory. */
      readonly exhausted: "own" | "other" | "machine" | "unknown";
      /** Whose limit it was: a cgroup's directory, or its path where it lies outside what the helper sees. */
      readonly limitOf?: string | undefined;
      readonly limitBytes?: number | undefined;
      readonly source: OomSource;
    };

export type EventKind = Happening["kind"];
export type OomKill = Extract<Happening, { readonly kind: "oomKill" }>;

/** One line of the time line. */
export type TimelineEvent = Happening & {
  /** Ascending in one helper. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** A sandbox's id, or the process or cgroup as it was asked for. */
  readonly target: string;
  /** For people; control characters replaced. */
  readonly title: string;
};

/** A limit may be a map, for which `===` says nothing. */
export function isSameValue(a: LimitValue | undefined, b: LimitValue | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

interface EventFact {
  readonly label: string;
  /** How much it asks for attention. */
  readonly weight: "error" | "warning" | "info";
}

/** Docker's words where it has them. */
export const eventFacts: { readonly [K in EventKind]: EventFact } = {
  started: { label: "Started", weight: "info" },
  exited: { label: "Ended", weight: "info" },
  paused: { label: "Paused", weight: "info" },
  resumed: { label: "Resumed", weight: "info" },
  limitChanged: { label: "Limit changed", weight: "info" },
  throttled: { label: "Throttled", weight: "warning" },
  memoryHigh: { label: "Memory high", weight: "warning" },
  pidsLimit: { label: "Process limit", weight: "warning" },
  oomKill: { label: "Out of memory", weight: "error" },
};

export const eventKinds = Object.keys(eventFacts) as readonly EventKind[];

type Words = {
  readonly [K in EventKind]: (happening: Extract<Happening, { readonly kind: K }>) => string;
};

const words: Words = {
  started: ({ pid }) => (pid === undefined ? "started" : `started as process ${pid}`),
  exited: ({ code, signal, oomKilled }) => {
    if (oomKilled) return "ended: out of memory";
    if (signal !== undefined) return `ended by ${signal}`;
    return code === undefined ? "ended" : `ended with ${code}`;
  },
  paused: () => "paused",
  resumed: () => "resumed",
  limitChanged: ({ limit, from, to, byUid }) =>
    `${limitFacts[limit].label} changed from ${formatLimit(limit, from)} to ${formatLimit(limit, to)} by user ${byUid}`,
  throttled: ({ phase, share, forMs }) =>
    phase === "began"
      ? `the CPU quota is used up: held back in ${percent(share)} of its periods`
      : `held back no more, after ${seconds(forMs ?? 0)} in ${percent(share)} of its periods`,
  memoryHigh: ({ count, limitBytes }) =>
    `memory.high${of(limitBytes)} was reached${often(count)}: memory is reclaimed, processes wait`,
  pidsLimit: ({ count, most }) =>
    `no new process${often(count)}: the limit${most === undefined ? "" : ` of ${most}`} is reached`,
  oomKill: (kill) => {
    const others = kill.count - Math.max(1, kill.killed.length);
    const more = others > 0 ? ` and ${others} more` : "";
    const biggest = kill.biggest ? `; biggest was ${describeProcess(kill.biggest)}` : "";
    return `the kernel killed ${describeKilled(kill.killed)}${more}: ${describeLimit(kill)}${biggest}${sources[kill.source]}`;
  },
};

const sources: { readonly [S in OomSource]: string } = {
  kernelLog: "",
  processes: " (by the processes that were there before)",
  counter: " (the kernel's counter says no more)",
};

/** One plain sentence without its subject: "the kernel killed tail (7 → 20482, 32 MB): …". */
export function describeHappening(happening: Happening): string {
  // The compiler sees a union of all rows; that a kind's row takes that kind is what a table means.
  const wording = words[happening.kind] as (one: Happening) => string;
  return wording(happening);
}

function describeKilled(killed: readonly KilledProcess[]): string {
  return killed.length === 0 ? "a process" : killed.map(describeProcess).join(", ");
}

function describeProcess({ pid, innerPid, command, memoryBytes }: KilledProcess): string {
  const inner = innerPid === undefined || innerPid === pid ? "" : `${innerPid} → `;
  const facts = [
    ...(pid === undefined ? [] : [`${inner}${pid}`]),
    ...(memoryBytes === undefined ? [] : [formatBytes(memoryBytes)]),
  ];
  return `${command ?? "a process"}${facts.length > 0 ? ` (${facts.join(", ")})` : ""}`;
}

function describeLimit({ exhausted, limitOf, limitBytes }: OomKill): string {
  if (exhausted === "machine") return "the machine is out of memory";
  if (exhausted === "own") return `its memory limit${of(limitBytes)} is reached`;
  if (limitOf === undefined) return "a memory limit is reached";
  return `the memory limit${of(limitBytes)} of ${limitOf} is reached`;
}

function of(bytes: number | undefined): string {
  return bytes === undefined ? "" : ` of ${formatBytes(bytes)}`;
}

function often(count: number): string {
  return count > 1 ? ` ${count} times` : "";
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}
