import { blockDeviceName } from "../kernel/blockDevices.ts";
import { limitFacts } from "../protocol/limits.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import type { LimitRow } from "./table.ts";

/** A value as people know its devices: the kernel's files have their numbers. */
export function named(row: LimitRow, value: LimitValue): LimitValue {
  return isPerDevice(row) ? withKeys(value, blockDeviceName) : value;
}

export function withKeys(value: LimitValue, toKey: (key: string) => string): LimitValue {
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, amount]) => [toKey(key), amount]));
}

export function isPerDevice({ limit }: LimitRow): boolean {
  const { unit } = limitFacts[limit];
  return unit === "bytesPerSecond" || unit === "operationsPerSecond";
}
