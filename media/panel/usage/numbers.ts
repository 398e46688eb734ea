import { formatBytes } from "../../../helper/protocol/bytes.ts";
import type { UsageFigure } from "../../../helper/protocol/usageFigures.ts";

/** Figures in words, and the round numbers of a scale. */

type Unit = UsageFigure["unit"];

const words: Readonly<Record<Unit, (value: number) => string>> = {
  percent: (value) => `${decimals(value)} %`,
  bytes: (value) => formatBytes(value),
  bytesPerSecond: (value) => `${formatBytes(value)}/s`,
  perSecond: (value) => `${decimals(value)}/s`,
  count: (value) => `${Math.round(value)}`,
};

/** `20 %`, `41 MB`; NaN is a dash: the kernel said nothing, which is not 0. */
export function figureWords(value: number, unit: Unit): string {
  return Number.isNaN(value) ? "–" : words[unit](value);
}

function decimals(value: number): string {
  return value < 9.95 ? value.toFixed(1).replace(/\.0$/, "") : value.toFixed(0);
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hour12: false });

export function clockWords(timeMs: number): string {
  return clock.format(timeMs);
}

const binarySteps = [1, 1.25, 1.5, 1.75];
const decimalSteps = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8];

/**
 * The next round number, above which nothing has to be drawn: a scale that moved with each sample would be
 * hard to read. Bytes are round in powers of two.
 */
export function roundTop(value: number, unit: Unit): number {
  const binary = unit === "bytes" || unit === "bytesPerSecond";
  const base = binary ? 2 : 10;
  const power = base ** Math.floor(Math.log(value) / Math.log(base));
  const steps = binary ? binarySteps : decimalSteps;
  // A logarithm may be off by its last digit: both neighbours of the power are tried.
  const candidates = [power / base, power, power * base].flatMap((one) =>
    steps.map((s) => s * one),
  );
  return candidates.find((candidate) => candidate >= value) ?? value;
}

/** Distances between two marks of a scale. */
export function scaleSteps(unit: Unit): number[] {
  if (unit === "count") return decimalScale.filter((step) => step >= 1);
  return unit === "percent" || unit === "perSecond" ? decimalScale : binaryScale;
}

const binaryScale = Array.from({ length: 45 }, (_, power) => 2 ** power);
const decimalScale = Array.from({ length: 10 }, (_, power) => 10 ** (power - 2)).flatMap(
  (power) => [power, 2 * power, 5 * power],
);
