import { formatBytes } from "../../helper/protocol/bytes.ts";
import type { LimitReading, ProcessFact, SandboxSummary } from "../../helper/protocol/inventory.ts";
import { formatLimit, type LimitName } from "../../helper/protocol/limits.ts";
import { innerPid } from "../../helper/protocol/processes.ts";

/** How figures are worded in rows: the field's words, no more digits than one can use. */

/** `1 → 20481` for a process of a nested pid namespace (its own number, the host's), else `812`. */
export function pidWords(process: ProcessFact): string {
  const { pid, nestedPids } = process;
  return nestedPids.length < 2 ? `${pid}` : `${innerPid(process)} → ${pid}`;
}

/** A limit that is one number; undefined where none is set. */
export function limitOf(limits: readonly LimitReading[], name: LimitName): number | undefined {
  const value = limits.find(({ limit }) => limit === name)?.value;
  return typeof value === "number" ? value : undefined;
}

/** `20 %` of one core; undefined without a quota. */
export function cpuWords(limits: readonly LimitReading[]): string | undefined {
  const quotaUs = limitOf(limits, "cpuQuotaUs");
  const periodUs = limitOf(limits, "cpuPeriodUs");
  if (quotaUs === undefined || !periodUs) return undefined;
  return `${Number(((quotaUs / periodUs) * 100).toFixed(1))} %`;
}

/** `41 MB of 512 MB`, `41 MB`, or undefined where the usage is not known. */
export function memoryWords({ memoryBytes, limits }: SandboxSummary): string | undefined {
  if (memoryBytes === undefined) return undefined;
  const limit = limitOf(limits, "memoryBytes");
  const used = formatBytes(memoryBytes);
  return limit === undefined ? used : `${used} of ${formatBytes(limit)}`;
}

/** It has processes: they run, or are held still. */
export function isAlive({ state }: SandboxSummary): boolean {
  return state === "running" || state === "paused";
}

/** It has none, and could be started. */
export function isAtRest({ state }: SandboxSummary): boolean {
  return state === "created" || state === "exited";
}

/** `running`, `exited with 0`, `ended by SIGKILL`. */
export function stateWords(sandbox: SandboxSummary): string {
  const { state, exitCode, exitSignal, oomKilled } = sandbox;
  if (state !== "exited") return state;
  if (oomKilled) return "ended: out of memory";
  if (exitSignal) return `ended by ${exitSignal}`;
  return exitCode === undefined ? "exited" : `exited with ${exitCode}`;
}

export function limitWords({ limit, value }: LimitReading): string {
  return formatLimit(limit, value);
}

/** The last part of a path: `memory.max` of a limit's file. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** As a screen reader says it. */
export function spokenFacts(words: string): string {
  return words.replaceAll(" · ", ", ");
}
