import type { UsageSample } from "../../helper/protocol/usage.ts";

const mebibyte = 1024 * 1024;
/** Noon, so that every place's clock shows the same day. */
export const firstSampleMs = Date.UTC(2026, 0, 15, 12);

/** A target that has every figure, so many milliseconds after the first: it works in waves, below its limits. */
export function sampleAt(afterMs: number): UsageSample {
  const seconds = afterMs / 1000;
  const wave = (1 + Math.sin(seconds / 5)) / 2;
  const busyUs = seconds * 100_000 + 400_000 * (1 - Math.cos(seconds / 5));
  const bytes = Math.round(seconds * mebibyte + 4 * mebibyte * (1 - Math.cos(seconds / 5)));
  const stalled = (share: number) => ({
    some10: 20 * wave,
    someUs: busyUs * share,
    full10: 5 * wave,
    fullUs: (busyUs * share) / 4,
  });
  const disk = { readBytes: bytes, writeBytes: bytes / 2, readOps: bytes / 4096, writeOps: 0 };
  return {
    target: "web",
    identity: "1",
    atMs: firstSampleMs + afterMs,
    cpu: {
      usageUs: busyUs,
      throttledUs: busyUs / 3,
      throttledPeriods: seconds * 4,
      periods: seconds * 10,
      limitPercent: 20,
    },
    memory: {
      current: (40 + 30 * wave) * mebibyte,
      anon: (20 + 20 * wave) * mebibyte,
      file: 12 * mebibyte,
      kernel: 3 * mebibyte,
      swap: mebibyte,
      high: 96 * mebibyte,
      max: 128 * mebibyte,
    },
    pids: { current: 12 + Math.round(6 * wave), max: 64 },
    io: [
      { device: "254:0", name: "vda", ...disk },
      { device: "254:16", name: "vdb", ...disk, readBytes: bytes / 3 },
    ],
    pressure: { cpu: stalled(0.3), memory: stalled(0.1), io: stalled(0.2) },
    network: [{ interface: "eth0", rxBytes: bytes, txBytes: bytes / 8 }],
  };
}

/** One a second, up to a moment before `untilMs`. */
export function samplesBefore(untilMs: number, everyMs = 1_000): readonly UsageSample[] {
  return Array.from({ length: untilMs / everyMs }, (_, index) => sampleAt(index * everyMs));
}
