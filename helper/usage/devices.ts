import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import type { Equipment } from "./files.ts";

/** What sysfs says of the disks and the huge pages of this machine; nothing where it is not mounted. */

/** The name of a device now: `254:0` to `vda`; undefined for one that was taken out. */
export function deviceName(device: string): string | undefined {
  return orNothing(() => basename(readlinkSync(`/sys/dev/block/${device}`)));
}

export function readEquipment(): Equipment {
  const disks = orNothing(() => readdirSync("/sys/block")) ?? [];
  const pools = orNothing(() => readdirSync("/sys/kernel/mm/hugepages")) ?? [];
  return { bfq: disks.some(isScheduledByBfq), hugePageSizes: pools.filter(isFilled).map(sizeOf) };
}

/** `none mq-deadline [bfq]`: the one in use stands in brackets. */
function isScheduledByBfq(disk: string): boolean {
  return (read(`/sys/block/${disk}/queue/scheduler`) ?? "").includes("[bfq]");
}

/** Some pages were reserved, or may be when they are asked for: admin-guide/mm/hugetlbpage.rst. */
function isFilled(pool: string): boolean {
  return ["nr_hugepages", "nr_overcommit_hugepages"].some(
    (file) => Number(read(`/sys/kernel/mm/hugepages/${pool}/${file}`) ?? 0) > 0,
  );
}

/** `hugepages-2048kB` to `2MB`, as mm/hugetlb_cgroup.c names the files. */
function sizeOf(pool: string): string {
  const kibibytes = Number(/\d+/.exec(pool)?.[0]);
  const units = ["KB", "MB", "GB"];
  const step = kibibytes >= 1024 ** 2 ? 2 : kibibytes >= 1024 ? 1 : 0;
  return `${kibibytes / 1024 ** step}${units[step]}`;
}

function read(path: string): string | undefined {
  return orNothing(() => readFileSync(path, "utf8"));
}

function orNothing<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
