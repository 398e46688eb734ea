import type { LimitFact } from "./limits.ts";
import type { BothLimits, UlimitName, UlimitValue } from "./privileges.ts";

/**
 * The limits of each process, getrlimit(2), as rows of the table of limits. They are of no cgroup: a process
 * has them from the one that started it. A value is SOFT:HARD.
 */
export interface ResourceLimitFact extends LimitFact {
  readonly resource: UlimitName;
}

type ResourceUnit = "resourceBytes" | "resourceSeconds" | "resourceUs" | "resourceCount";

function row<U extends ResourceUnit>(
  resource: UlimitName,
  unit: U,
  label: string,
  help: string,
): ResourceLimitFact & { readonly unit: U } {
  return {
    resource,
    unit,
    label,
    help,
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    key: `ulimits.${resource}`,
    flag: `--ulimit ${resource}`,
    argument: "SOFT[:HARD]",
    unset: "unlimited",
    // The one that Docker does not know.
    ...(resource === "as" && { own: true }),
  };
}

export const resourceLimitFacts = {
  ulimitAs: row("as", "resourceBytes", "Address space", "memory that it may map, used or not"),
  ulimitCore: row("core", "resourceBytes", "Core file", "size of the file left by a crash"),
  ulimitCpu: row("cpu", "resourceSeconds", "CPU time", "time on a processor in its whole life"),
  ulimitData: row("data", "resourceBytes", "Data segment", "private memory that it may write"),
  ulimitFsize: row("fsize", "resourceBytes", "File size", "how long a file it may write"),
  ulimitLocks: row("locks", "resourceCount", "File locks", "not enforced since Linux 2.4.25"),
  ulimitMemlock: row("memlock", "resourceBytes", "Locked memory", "memory kept from being swapped"),
  ulimitMsgqueue: row(
    "msgqueue",
    "resourceBytes",
    "Message queues",
    "memory of its user's POSIX queues",
  ),
  ulimitNice: row("nice", "resourceCount", "Nice", "20 less the lowest nice value it may take"),
  ulimitNofile: row(
    "nofile",
    "resourceCount",
    "Open files",
    "one more than its highest descriptor",
  ),
  ulimitNproc: row(
    "nproc",
    "resourceCount",
    "User's processes",
    "its user's threads, when it forks",
  ),
  ulimitRss: row("rss", "resourceBytes", "Resident set", "not enforced since Linux 2.4.30"),
  ulimitRtprio: row("rtprio", "resourceCount", "Real-time priority", "the highest it may take"),
  ulimitRttime: row(
    "rttime",
    "resourceUs",
    "Real-time run",
    "time on a processor between two waits",
  ),
  ulimitSigpending: row("sigpending", "resourceCount", "Pending signals", "its user's queued ones"),
  ulimitStack: row("stack", "resourceBytes", "Stack", "size of its first thread's"),
} as const satisfies Record<string, ResourceLimitFact>;

export type ResourceLimitName = keyof typeof resourceLimitFacts;

export const resourceLimitNames = Object.keys(resourceLimitFacts) as readonly ResourceLimitName[];

export function isResourceLimit(name: string): name is ResourceLimitName {
  return name in resourceLimitFacts;
}

/** Digits, for the kernel's numbers have 64 bits, or "unlimited". */
export const resourceValuePattern = /^(\d{1,20}|unlimited):(\d{1,20}|unlimited)$/;

export const noResourceLimit = "unlimited:unlimited";

/** `1024:2048`, one number for both, `unlimited`; -1 is Docker's word for that. */
export function parseResourceValue(
  text: string,
  parse: (amount: string) => number | undefined,
): string | undefined {
  const [first = "", second = first, ...more] = text.split(":").map((amount) => amount.trim());
  const pair = [first, second].map((amount) => readAmount(amount, parse)).join(":");
  return more.length === 0 && isOrderedPair(pair) ? pair : undefined;
}

function readAmount(text: string, parse: (amount: string) => number | undefined): string {
  if (text === "unlimited" || text === "-1") return "unlimited";
  const amount = parse(text);
  return amount !== undefined && Number.isSafeInteger(amount) ? `${amount}` : "";
}

/** The soft limit is not above the hard one. */
export function isOrderedPair(value: string): boolean {
  const [, soft = "", hard = ""] = resourceValuePattern.exec(value) ?? [];
  return soft !== "" && amountOf(soft) <= amountOf(hard);
}

export function amountOf(word: string): number {
  return word === "unlimited" ? Number.POSITIVE_INFINITY : Number(word);
}

export function softAndHard(value: string): readonly [soft: string, hard: string] {
  const [soft = "", hard = soft] = value.split(":");
  return [soft, hard];
}

/** As a spec has it. */
export function ulimitFrom(value: string): BothLimits {
  const [soft, hard] = softAndHard(value).map((word): UlimitValue => {
    const amount = amountOf(word);
    return Number.isSafeInteger(amount) ? amount : "unlimited";
  });
  return { soft: soft ?? "unlimited", hard: hard ?? "unlimited" };
}

export function resourceLimitOf(resource: UlimitName): ResourceLimitName {
  const found = resourceLimitNames.find((name) => resourceLimitFacts[name].resource === resource);
  if (!found) throw new Error(`no row for ${resource}`);
  return found;
}
