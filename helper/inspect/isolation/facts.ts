import type { DeviceNode } from "../../kernel/devices.ts";
import type { Known } from "../../kernel/known.ts";
import type { MountInfo } from "../../kernel/mountinfo.ts";
import type { NamespaceLinks } from "../../kernel/procfs.ts";
import type { ProcessStatus } from "../../kernel/proctext.ts";
import type { ProcessFact } from "../../protocol/inventory.ts";
import type { IsolationLevel } from "../../protocol/isolation.ts";
import type { NamespaceType } from "../../protocol/namespaces.ts";
import type { SandboxSpec } from "../../protocol/schemas.ts";
import type { HeldLimits } from "./heldLimits.ts";

/** What a sandbox of ours was asked to be: the kernel does not tell Landlock's rules, nor what was wanted. */
export type Asked = Pick<SandboxSpec, "landlock" | "workspace">;

/** All that the checks look at, read once; everything that another process may hide is `Known`. */
export interface IsolationFacts {
  readonly process: ProcessFact;
  readonly sandbox: string | undefined;
  readonly asked: Asked | undefined;
  readonly status: Known<ProcessStatus>;
  /** The name of the user outside, where the host knows one. */
  readonly user: string | undefined;
  readonly namespaces: Known<NamespaceLinks>;
  /** Inodes of the host's namespaces. */
  readonly initial: ReadonlySet<number>;
  /** Processes in one of its namespaces that see other files than it does, by type. */
  readonly others: Readonly<Partial<Record<NamespaceType, readonly ProcessFact[]>>>;
  /** Whose namespaces the kernel did not show. */
  readonly deniedProcesses: number;
  /** Undefined: no security module labels processes here. */
  readonly label: Known<string | undefined>;
  readonly mounts: Known<readonly MountInfo[]>;
  readonly hostMounts: readonly MountInfo[];
  readonly devices: Known<readonly DeviceNode[]>;
  readonly interfaces: Known<readonly string[]>;
  /** Unix sockets that wait for connections in its network, and in the host's. */
  readonly sockets: Known<readonly string[]>;
  readonly hostSockets: Known<readonly string[]>;
  readonly limits: HeldLimits;
  /** uname -r */
  readonly release: string;
}

export interface Verdict {
  readonly level: IsolationLevel;
  readonly fact: string;
  readonly matters?: string | undefined;
  readonly remedy?: string | undefined;
  /** Where it depends on what was found. */
  readonly source?: string;
}

/** One line of the report: a pure function of the facts. */
export interface Check {
  readonly name: string;
  /** A file of /proc/PID, or an absolute path. */
  readonly source: string;
  judge(facts: IsolationFacts): Verdict;
}

/** `judge` for what was read; why not, for what was not. */
export function whenKnown<T>(fact: Known<T>, judge: (value: T) => Verdict): Verdict {
  return fact.known ? judge(fact.value) : { level: "unknown", fact: `not known: ${fact.why}` };
}

/** Undefined where the namespaces may not be read. */
export function sharesWithHost(facts: IsolationFacts, type: NamespaceType): boolean | undefined {
  return facts.namespaces.known ? facts.initial.has(facts.namespaces.value[type]) : undefined;
}

const mostNamed = 4;

/** `a, b and 7 more`. */
export function listed(names: readonly string[]): string {
  const rest = names.length - mostNamed;
  return rest > 0 ? `${names.slice(0, mostNamed).join(", ")} and ${rest} more` : names.join(", ");
}
