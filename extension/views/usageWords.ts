import { formatBytes } from "../../helper/protocol/bytes.ts";
import type { MemoryUsage, UsageSample } from "../../helper/protocol/usage.ts";
import type { UsageRates } from "../../helper/protocol/usageRates.ts";
import { facts } from "../../helper/protocol/words.ts";

/** What was last read of a cgroup; its rates from the second reading on. */
export interface UsageReading {
  readonly sample: UsageSample;
  readonly rates: UsageRates | undefined;
}

/** By what was asked for: a cgroup's directory, or its path below the roots of the hierarchies. */
export type Usage = ReadonlyMap<string, UsageReading>;

/**
 * `12 % cpu · 41 MB / 512 MB · 3 / 200 pids`, what of it the cgroup's hierarchy counts; coarse, so that a row
 * changes when something has.
 */
export function usageWords({ sample: { memory, pids }, rates }: UsageReading): string {
  return facts(
    rates?.cpuPercent === undefined ? undefined : `${coarsePercent(rates.cpuPercent)} % cpu`,
    memory && ofMost(coarseBytes(memory.current), memory.max, formatBytes),
    // Without a limit the row's own count of processes says enough.
    pids?.max === undefined ? undefined : `${pids.current} / ${pids.max} pids`,
  );
}

/** `41 MB of 512 MB`, `220 MB (no limit)`. */
export function memoryUsageWords({ current, max }: MemoryUsage): string {
  const used = coarseBytes(current);
  return max === undefined ? `${used} (no limit)` : `${used} of ${formatBytes(max)}`;
}

function ofMost(used: string, most: number | undefined, word: (value: number) => string): string {
  return most === undefined ? used : `${used} / ${word(most)}`;
}

/** Whole percents at first, then steps of a twentieth or so. */
export function coarsePercent(percent: number): number {
  if (percent < 10) return Math.round(percent);
  return percent < 100 ? Math.round(percent / 2) * 2 : Math.round(percent / 10) * 10;
}

function coarseBytes(bytes: number): string {
  return formatBytes(twoDigits(bytes));
}

/** In the unit that it is worded in: 41.3 MB to 41 MB, 413 MB to 410 MB. */
export function twoDigits(bytes: number): number {
  const unit = 1024 ** Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const step = bytes / unit >= 100 ? 10 * unit : bytes / unit >= 10 ? unit : unit / 10;
  return Math.round(bytes / step) * step;
}
