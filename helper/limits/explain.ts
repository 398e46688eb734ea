import { formatBytes } from "../protocol/bytes.ts";
import type { LimitName } from "../protocol/limits.ts";
import type { LimitValue } from "../protocol/limitUnits.ts";
import { isResourceLimit } from "../protocol/resourceLimits.ts";
import type { CgroupFiles } from "./files/limitFile.ts";
import { whyNotPermitted } from "./hardLimits.ts";

type Explanation = (files: CgroupFiles) => string;

/** Why the kernel answered as it did, as far as the cgroup's other files tell it. */
export function explainRefusal(
  limit: LimitName,
  errno: string,
  files: CgroupFiles,
  asked: LimitValue | undefined,
): string | undefined {
  if (isResourceLimit(limit) && errno === "EPERM") return whyNotPermitted(limit, files, asked);
  const explanation = explanations[limit]?.[errno] ?? common[errno];
  return explanation?.(files);
}

const inUse: Explanation = (files) => {
  const usage = files.read("memory.usage_in_bytes") ?? files.read("memory.current") ?? "0";
  return `${formatBytes(Number(usage))} are in use and cannot be reclaimed`;
};

const share: Explanation = () =>
  "a cgroup above leaves less of the processors, or one below has more";

const processes: Explanation = () => "its processes need one at least, and one that is online";
const below: Explanation = () => "a cgroup below uses others";

/** By the limit and the kernel's answer: mm/memcontrol-v1.c, kernel/cgroup/cpuset.c, kernel/sched/core.c. */
const explanations: {
  readonly [limit in LimitName]?: Readonly<Record<string, Explanation>>;
} = {
  memoryBytes: { EBUSY: inUse },
  swapBytes: { EBUSY: inUse, EINVAL: () => "memory and swap together cannot be below the memory" },
  cpuPeriodUs: { EINVAL: share },
  cpuQuotaUs: { EINVAL: share },
  cpuBurstUs: {
    EINVAL: (files) => {
      const quota = files.read("cpu.cfs_quota_us") ?? files.read("cpu.max")?.split(" ")[0] ?? "";
      return `it cannot be above the quota, which is ${quota.trim()}`;
    },
  },
  cpuShares: { EINVAL: () => "an idle cgroup has no other weight (cpu.idle)" },
  cpusetCpus: {
    ENOSPC: processes,
    EBUSY: below,
    EINVAL: () => "another cgroup has one for itself",
  },
  cpusetMems: { ENOSPC: processes, EBUSY: below },
};

const common: Readonly<Record<string, Explanation>> = {
  EACCES: () => "only a helper that runs as root may write it, or whom it is delegated to",
  EPERM: () => "only a helper that runs as root may write it, or whom it is delegated to",
  EROFS: () => "it is mounted read-only",
  ENOENT: () => "the cgroup is gone",
  ENODEV: () => "the cgroup or the device is gone",
};
