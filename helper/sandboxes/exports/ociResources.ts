import { findBlockDevice } from "../../kernel/blockDevices.ts";
import type { Limits } from "../../protocol/limits.ts";
import { unifiedFiles } from "./unifiedFiles.ts";

/** `linux.resources` of the OCI runtime specification; what has no word there is a file of cgroup v2. */
export function ociResources(limits: Limits) {
  return ifAny({
    cpu: ifAny({
      shares: limits.cpuShares,
      quota: limits.cpuQuotaUs,
      burst: limits.cpuBurstUs,
      period: limits.cpuPeriodUs,
      idle: limits.cpuIdle,
      cpus: limits.cpusetCpus,
      mems: limits.cpusetMems,
    }),
    memory: ifAny({
      limit: limits.memoryBytes,
      reservation: limits.memoryLowBytes,
      swap: memoryAndSwap(limits),
      swappiness: limits.swappiness,
    }),
    pids: ifAny({ limit: limits.pidsMax }),
    blockIO: ifAny({
      weight: limits.ioWeight,
      throttleReadBpsDevice: rates(limits.ioReadBytes),
      throttleWriteBpsDevice: rates(limits.ioWriteBytes),
      throttleReadIOPSDevice: rates(limits.ioReadOps),
      throttleWriteIOPSDevice: rates(limits.ioWriteOps),
    }),
    hugepageLimits:
      limits.hugetlbBytes &&
      Object.entries(limits.hugetlbBytes).map(([pageSize, limit]) => ({ pageSize, limit })),
    unified: ifAny(
      Object.fromEntries(unifiedFiles(limits, ["memoryHighBytes", "memoryMinBytes", "oomGroup"])),
    ),
  });
}

/** JSON.stringify leaves out what is undefined, but not what is empty. */
function ifAny<T extends object>(part: T): T | undefined {
  return Object.values(part).some((value) => value !== undefined) ? part : undefined;
}

function memoryAndSwap({ memoryBytes, swapBytes }: Limits): number | undefined {
  return memoryBytes === undefined || swapBytes === undefined ? undefined : memoryBytes + swapBytes;
}

function rates(amounts: Limits["ioReadBytes"]) {
  return amounts && Object.entries(amounts).flatMap(([device, rate]) => throttled(device, rate));
}

/** It has numbers for devices; one that is not there has none. */
function throttled(device: string, rate: number) {
  const found = findBlockDevice(device);
  if ("why" in found) return [];
  const [major, minor] = found.number.split(":").map(Number);
  return [{ major, minor, rate }];
}
