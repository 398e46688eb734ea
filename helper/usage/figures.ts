import type {
  DeviceUsage,
  HugePageUsage,
  Pressure,
  PressureKind,
  UsageSample,
} from "../protocol/usage.ts";

/** What the files of one cgroup say, while they are read one after the other, round after round. */
export class Figures {
  #lastCpuUs: number | undefined;
  #lastMemory: number | undefined;
  cpuUs: number | undefined;
  throttledUs: number | undefined;
  throttledPeriods: number | undefined;
  periods: number | undefined;
  quotaUs: number | undefined;
  periodUs: number | undefined;
  memory: number | undefined;
  inactiveFile: number | undefined;
  anon: number | undefined;
  file: number | undefined;
  kernel: number | undefined;
  swap: number | undefined;
  peak: number | undefined;
  high: number | undefined;
  max: number | undefined;
  highEvents: number | undefined;
  maxEvents: number | undefined;
  oomKills: number | undefined;
  pids: number | undefined;
  pidsMax: number | undefined;
  io: DeviceCounters[] | undefined;
  pressure: { [kind in PressureKind]?: Pressure | undefined } | undefined;
  hugetlb: HugePageUsage[] | undefined;

  /** Lists are made anew; the other figures stay until their file is read again. */
  beginRound(): void {
    this.#lastCpuUs = this.cpuUs;
    this.#lastMemory = this.memory;
    this.io = undefined;
    this.pressure = undefined;
    this.hugetlb = undefined;
  }

  /** Nothing ran since the last round, and as much memory is in use. */
  get standStill(): boolean {
    if (this.cpuUs === undefined || this.memory === undefined) return false;
    return this.cpuUs === this.#lastCpuUs && this.memory === this.#lastMemory;
  }
}

export type DeviceCounters = { -readonly [key in keyof DeviceUsage]: DeviceUsage[key] };

/** In the words of the protocol. A group without its main figure says nothing. */
export function groupsOf(
  figures: Figures,
): Pick<UsageSample, "cpu" | "memory" | "pids" | "io" | "pressure" | "hugetlb"> {
  const { pids, pidsMax, io, pressure, hugetlb } = figures;
  return {
    cpu: cpuOf(figures),
    memory: memoryOf(figures),
    pids: pids === undefined ? undefined : { current: pids, max: pidsMax },
    io,
    pressure,
    hugetlb,
  };
}

function cpuOf(figures: Figures): UsageSample["cpu"] {
  const { cpuUs: usageUs, throttledUs, throttledPeriods, periods, quotaUs, periodUs } = figures;
  if (usageUs === undefined) return undefined;
  const limitPercent = quotaUs && periodUs ? (100 * quotaUs) / periodUs : undefined;
  return { usageUs, throttledUs, throttledPeriods, periods, limitPercent };
}

function memoryOf(figures: Figures): UsageSample["memory"] {
  const { memory: current, inactiveFile, anon, file, kernel, swap, high, max } = figures;
  const { highEvents, maxEvents, oomKills } = figures;
  if (current === undefined) return undefined;
  // Where many are watched the file of the peak is read seldom; what was seen since was not more than the peak.
  const peak = figures.peak === undefined ? undefined : Math.max(figures.peak, current);
  const workingSet = inactiveFile === undefined ? undefined : Math.max(0, current - inactiveFile);
  const now = { current, anon, file, kernel, swap, peak, workingSet, high, max };
  return { ...now, highEvents, maxEvents, oomKills };
}
