import type { Pressure, PressureKind } from "../protocol/usage.ts";
import type { DeviceCounters, Figures } from "./figures.ts";
import { numberAt, numberOf, onlyNumber } from "./text.ts";

/** One file's text into the figures that it gives: cgroup-v2.rst, cgroup-v1/*.rst, psi.rst. */
export type Parser = (text: string, figures: Figures) => void;

/** The figures of one number's file. */
type NumberFigure = {
  [name in keyof Figures]-?: number extends Figures[name] ? name : never;
}[keyof Figures];

export function only(name: NumberFigure): Parser {
  return (text, figures) => {
    figures[name] = onlyNumber(text);
  };
}

/** Version 1 says "no limit" by PAGE_COUNTER_MAX, just below 2^63; page sizes move it a little. */
const noMemoryLimit = 2 ** 62;

export const memoryLimit: Parser = (text, figures) => {
  const bytes = onlyNumber(text);
  figures.max = bytes !== undefined && bytes < noMemoryLimit ? bytes : undefined;
};

/** Nanoseconds. */
export const cpuacctUsage: Parser = (text, figures) => {
  figures.cpuUs = inMicroseconds(onlyNumber(text));
};

export const cpuStat1: Parser = (text, figures) => {
  readPeriods(text, figures);
  figures.throttledUs = inMicroseconds(numberOf(text, "\nthrottled_time "));
};

export const cpuStat2: Parser = (text, figures) => {
  figures.cpuUs = numberOf(text, "\nusage_usec ");
  readPeriods(text, figures);
  figures.throttledUs = numberOf(text, "\nthrottled_usec ");
};

/** `20000 100000`; `max 100000` is no limit. */
export const cpuMax: Parser = (text, figures) => {
  figures.quotaUs = onlyNumber(text);
  figures.periodUs = numberAt(text, text.indexOf(" ") + 1);
};

function readPeriods(text: string, figures: Figures): void {
  figures.periods = numberOf(text, "\nnr_periods ");
  figures.throttledPeriods = numberOf(text, "\nnr_throttled ");
}

function inMicroseconds(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined ? undefined : Math.floor(nanoseconds / 1000);
}

/** `total_`: with the cgroups below, as version 2 counts always. */
export const memoryStat1: Parser = (text, figures) => {
  figures.anon = numberOf(text, "\ntotal_rss ");
  figures.file = numberOf(text, "\ntotal_cache ");
  figures.swap = numberOf(text, "\ntotal_swap ");
  figures.inactiveFile = numberOf(text, "\ntotal_inactive_file ");
};

export const memoryStat2: Parser = (text, figures) => {
  figures.anon = numberOf(text, "\nanon ");
  figures.file = numberOf(text, "\nfile ");
  figures.kernel = numberOf(text, "\nkernel ");
  figures.inactiveFile = numberOf(text, "\ninactive_file ");
};

export const oomControl: Parser = (text, figures) => {
  figures.oomKills = numberOf(text, "\noom_kill ");
};

export const memoryEvents: Parser = (text, figures) => {
  figures.highEvents = numberOf(text, "\nhigh ");
  figures.maxEvents = numberOf(text, "\nmax ");
  figures.oomKills = numberOf(text, "\noom_kill ");
};

/** `some avg10=0.12 avg60=0.02 avg300=0.00 total=1234`, and the same for `full`. */
export function pressure(kind: PressureKind): Parser {
  return (text, figures) => {
    const some = stall(text, "\nsome avg10=");
    if (!some) return;
    const full = stall(text, "\nfull avg10=");
    const said: Pressure = {
      some10: some.ten,
      someUs: some.us,
      full10: full?.ten,
      fullUs: full?.us,
    };
    figures.pressure = { ...figures.pressure, [kind]: said };
  };
}

/** Pressure whose averages have fallen to nothing. */
export function isAtRest(text: string): boolean {
  return !/avg10=(?!0\.00)/.test(text);
}

function stall(text: string, key: string): { ten: number; us: number } | undefined {
  const at = text.indexOf(key);
  if (at < 0) return undefined;
  const total = text.indexOf(" total=", at);
  const us = numberAt(text, total + " total=".length);
  if (total < 0 || us === undefined) return undefined;
  return { ten: Number.parseFloat(text.slice(at + key.length, at + key.length + 6)), us };
}

/** `254:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`; a device without I/O may stand there alone. */
export const ioStat: Parser = (text, figures) => {
  figures.io = [];
  for (const line of text.split("\n")) {
    const [device = "", ...pairs] = line.split(" ");
    const counted = new Map(pairs.map((pair) => pair.split("=") as [string, string]));
    if (!counted.has("rbytes")) continue;
    const count = (key: string) => Number(counted.get(key) ?? 0);
    const [readBytes, writeBytes] = [count("rbytes"), count("wbytes")];
    const [readOps, writeOps] = [count("rios"), count("wios")];
    figures.io.push({ device, readBytes, writeBytes, readOps, writeOps });
  }
};

/**
 * `254:0 Read 4096`, one line each way and device; sums and other directions are not ours. Without any device
 * nothing is said: since Linux 6.10 only those are counted that were given a rate limit once.
 */
export function ioService(read: CounterName, write: CounterName): Parser {
  return (text, figures) => {
    if (!text.includes(" Read ")) return;
    const devices = figures.io ?? [];
    for (const line of text.split("\n")) {
      const [device = "", direction, count] = line.split(" ");
      const counter = direction === "Read" ? read : direction === "Write" ? write : undefined;
      if (counter !== undefined) deviceOf(devices, device)[counter] += Number(count);
    }
    if (devices.length > 0) figures.io = devices;
  };
}

type CounterName = "readBytes" | "writeBytes" | "readOps" | "writeOps";

function deviceOf(devices: DeviceCounters[], device: string): DeviceCounters {
  const known = devices.find((candidate) => candidate.device === device);
  if (known) return known;
  const begun = { device, readBytes: 0, writeBytes: 0, readOps: 0, writeOps: 0 };
  devices.push(begun);
  return begun;
}

export function hugePages(pageSize: string): Parser {
  return (text, figures) => {
    const current = onlyNumber(text);
    if (current !== undefined) {
      figures.hugetlb = [...(figures.hugetlb ?? []), { pageSize, current }];
    }
  };
}
