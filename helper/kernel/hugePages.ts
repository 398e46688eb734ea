import { readdirSync } from "node:fs";
import { isGone } from "./errors.ts";

/** The sizes of huge pages that this machine has, as the cgroup's files name them: `2MB`, `1GB`. */
export function hugePageSizes(): readonly string[] {
  try {
    return readdirSync("/sys/kernel/mm/hugepages").flatMap((name) => nameOf(name) ?? []);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** mem_fmt() in mm/hugetlb_cgroup.c. */
function nameOf(directory: string): string | undefined {
  const [, digits] = /^hugepages-(\d+)kB$/.exec(directory) ?? [];
  if (digits === undefined) return undefined;
  const kilobytes = Number(digits);
  if (kilobytes >= 2 ** 20) return `${kilobytes / 2 ** 20}GB`;
  return kilobytes >= 1024 ? `${kilobytes / 1024}MB` : `${kilobytes}KB`;
}
