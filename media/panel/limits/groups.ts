import type { LimitName } from "../../../helper/protocol/limits.ts";

interface Group {
  readonly title: string;
  readonly begins: string;
}

/** By how the names begin: a limit that is new has its place without a word here, at worst among the others. */
const groups: readonly Group[] = [
  { title: "CPU", begins: "cpu" },
  { title: "Memory", begins: "memory|swap|oom|hugetlb" },
  { title: "Processes", begins: "pids" },
  { title: "Disks", begins: "io" },
  { title: "Network", begins: "net" },
  { title: "Each Process", begins: "ulimit" },
  { title: "Others", begins: "" },
];

export function groupOf(limit: LimitName): string {
  const found = groups.find(({ begins }) => new RegExp(`^(${begins})`).test(limit));
  return found?.title ?? "";
}

export const groupTitles: readonly string[] = groups.map(({ title }) => title);
