import {
  type DeviceUsage,
  type InterfaceUsage,
  type Pressure,
  type PressureKind,
  pressureKinds,
  type UsageSample,
} from "./usage.ts";

/** What happened between two samples of one target, per second or in percent. Absent: cannot be told. */
export interface UsageRates {
  readonly target: string;
  /** When the later sample was taken. */
  readonly atMs: number;
  readonly intervalMs: number;
  /** Of one processor: 150 is one and a half. */
  readonly cpuPercent?: number | undefined;
  /** Of the periods in which something ran. */
  readonly throttledPercent?: number | undefined;
  readonly io?: readonly DeviceRates[] | undefined;
  readonly pressure?: { readonly [kind in PressureKind]?: PressureRates | undefined } | undefined;
  readonly network?: readonly InterfaceRates[] | undefined;
}

export interface DeviceRates {
  readonly device: string;
  readonly name?: string | undefined;
  readonly readBytesPerSecond: number;
  readonly writeBytesPerSecond: number;
  readonly readOpsPerSecond: number;
  readonly writeOpsPerSecond: number;
}

/** Of the time between the samples. */
export interface PressureRates {
  readonly somePercent: number;
  readonly fullPercent?: number | undefined;
}

export interface InterfaceRates {
  readonly interface: string;
  readonly rxBytesPerSecond: number;
  readonly txBytesPerSecond: number;
}

/**
 * Undefined where the two cannot be compared: another target, a cgroup that was made again between them, or
 * a clock that did not advance (the later sample is another helper's). A single counter that went back
 * leaves out its own rate only.
 */
export function usageRates(before: UsageSample, after: UsageSample): UsageRates | undefined {
  const intervalMs = after.atMs - before.atMs;
  if (before.target !== after.target || before.identity !== after.identity) return undefined;
  if (!(intervalMs > 0)) return undefined;
  return {
    target: after.target,
    atMs: after.atMs,
    intervalMs,
    cpuPercent: percentOfTime(before.cpu?.usageUs, after.cpu?.usageUs, intervalMs),
    throttledPercent: throttledPercent(before, after),
    io: deviceRates(before.io, after.io, intervalMs),
    pressure: pressureRates(before, after, intervalMs),
    network: interfaceRates(before.network, after.network, intervalMs),
  };
}

/** How far a counter went; undefined where it is not given, or began again. */
function advance(before: number | undefined, after: number | undefined): number | undefined {
  if (before === undefined || after === undefined || after < before) return undefined;
  return after - before;
}

function percentOfTime(
  beforeUs: number | undefined,
  afterUs: number | undefined,
  intervalMs: number,
): number | undefined {
  const us = advance(beforeUs, afterUs);
  return us === undefined ? undefined : us / (10 * intervalMs);
}

/** No rate where no period went by since the cgroup was made: then nothing bounds it. */
function throttledPercent({ cpu: before }: UsageSample, { cpu: after }: UsageSample) {
  const throttled = advance(before?.throttledPeriods, after?.throttledPeriods);
  const periods = advance(before?.periods, after?.periods);
  if (throttled === undefined || periods === undefined || after?.periods === 0) return undefined;
  return periods === 0 ? 0 : (100 * throttled) / periods;
}

/** The kernel lists a device from its first transfer on: one that was not listed stood at 0. */
function deviceRates(
  before: readonly DeviceUsage[] | undefined,
  after: readonly DeviceUsage[] | undefined,
  intervalMs: number,
): readonly DeviceRates[] | undefined {
  if (!before || !after) return undefined;
  return after.flatMap(({ device, name, ...now }) => {
    const then = before.find((known) => known.device === device) ?? nothingYet;
    const rate = (counter: keyof typeof nothingYet) =>
      perSecond(then[counter], now[counter], intervalMs);
    const [readBytesPerSecond, writeBytesPerSecond] = [rate("readBytes"), rate("writeBytes")];
    const [readOpsPerSecond, writeOpsPerSecond] = [rate("readOps"), rate("writeOps")];
    if (readBytesPerSecond === undefined || writeBytesPerSecond === undefined) return [];
    if (readOpsPerSecond === undefined || writeOpsPerSecond === undefined) return [];
    const bytes = { readBytesPerSecond, writeBytesPerSecond };
    return [{ device, name, ...bytes, readOpsPerSecond, writeOpsPerSecond }];
  });
}

const nothingYet = { readBytes: 0, writeBytes: 0, readOps: 0, writeOps: 0 };

function perSecond(before: number, after: number, intervalMs: number): number | undefined {
  const counted = advance(before, after);
  return counted === undefined ? undefined : (counted * 1000) / intervalMs;
}

function pressureRates(
  { pressure: before }: UsageSample,
  { pressure: after }: UsageSample,
  intervalMs: number,
): UsageRates["pressure"] {
  if (!before || !after) return undefined;
  const rates = pressureKinds.map(
    (kind) => [kind, stalled(before[kind], after[kind], intervalMs)] as const,
  );
  return Object.fromEntries(rates.filter(([, rate]) => rate !== undefined));
}

function stalled(
  before: Pressure | undefined,
  after: Pressure | undefined,
  intervalMs: number,
): PressureRates | undefined {
  const somePercent = percentOfTime(before?.someUs, after?.someUs, intervalMs);
  if (somePercent === undefined) return undefined;
  return { somePercent, fullPercent: percentOfTime(before?.fullUs, after?.fullUs, intervalMs) };
}

/** An interface that appears may have been moved in with what it had counted elsewhere: no rate at first. */
function interfaceRates(
  before: readonly InterfaceUsage[] | undefined,
  after: readonly InterfaceUsage[] | undefined,
  intervalMs: number,
): readonly InterfaceRates[] | undefined {
  if (!before || !after) return undefined;
  return after.flatMap((now) => {
    const then = before.find((known) => known.interface === now.interface);
    if (!then) return [];
    const rxBytesPerSecond = perSecond(then.rxBytes, now.rxBytes, intervalMs);
    const txBytesPerSecond = perSecond(then.txBytes, now.txBytes, intervalMs);
    if (rxBytesPerSecond === undefined || txBytesPerSecond === undefined) return [];
    return [{ interface: now.interface, rxBytesPerSecond, txBytesPerSecond }];
  });
}
