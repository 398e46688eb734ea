import { readFileSync } from "node:fs";
import { findBlockDevice } from "../kernel/blockDevices.ts";
import { isGone } from "../kernel/errors.ts";
import { hugePageSizes } from "../kernel/hugePages.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { isPerDevice, withKeys } from "./devices.ts";
import type { LimitRow } from "./table.ts";
import { unavailable } from "./unavailable.ts";

/** A value in the kernel's own keys. Throws limitUnavailable where this machine has no such device or page. */
export function ofThisMachine(row: LimitRow, value: LimitValue): LimitValue {
  return withKeys(value, (key) => (isPerDevice(row) ? disk(row, key) : pageSize(row, key)));
}

function disk(row: LimitRow, key: string): string {
  const device = findBlockDevice(key);
  if ("why" in device) throw unavailable(row, `${key}: ${device.why}`);
  if (device.disk === undefined) return device.number;
  // blkg_conf_open_bdev() in block/blk-cgroup.c answers ENODEV.
  throw unavailable(
    row,
    `${key} is a partition; the kernel limits whole disks, so name ${device.disk}`,
  );
}

function pageSize(row: LimitRow, key: string): string {
  const sizes = hugePageSizes();
  if (sizes.includes(key)) return key;
  throw unavailable(
    row,
    `this machine has no huge pages of ${key} (it has ${sizes.join(" and ") || "none"})`,
  );
}

/** The processors or memory nodes that the machine runs, for where no cgroup says it. */
export function online(kind: "cpu" | "node"): { readonly text: string; readonly file: string } {
  const file = `/sys/devices/system/${kind}/online`;
  try {
    return { file, text: readFileSync(file, "utf8") };
  } catch (error) {
    // A kernel without NUMA has one node.
    if (isGone(error)) return { file, text: "0" };
    throw error;
  }
}
