/**
 * What each figure of a cgroup's usage means, in plain words: the panel's tooltips, the help and
 * docs/reference.md are made from this table. `v1` and `v2` name the files that it is read from; without
 * one that version does not give it.
 */
export interface UsageFigure {
  readonly label: string;
  readonly unit: "percent" | "bytes" | "bytesPerSecond" | "perSecond" | "count";
  readonly meaning: string;
  readonly v1?: string;
  readonly v2?: string;
  /** The kernel's document that defines it, below Documentation/ of its source. */
  readonly document: string;
}

const cgroups = "admin-guide/cgroup-v2.rst";
const memory = "admin-guide/cgroup-v1/memory.rst";
const stall = "accounting/psi.rst";

const deviceNote =
  "Only for the disks that the kernel counts: on cgroup v1 since Linux 6.10 those for which some cgroup has had a rate limit, or whose scheduler is BFQ. Writes through the page cache are counted for the cgroup on v2, for the root on v1.";

export const usageFigures = {
  cpu: {
    label: "CPU",
    unit: "percent",
    meaning:
      "Processor time used between two readings, by all processes of the cgroup and of those below it, in percent of one processor: 200 % is two processors.",
    v1: "cpuacct.usage",
    v2: "cpu.stat: usage_usec",
    document: cgroups,
  },
  cpuLimit: {
    label: "CPU limit",
    unit: "percent",
    meaning:
      "What the cgroup's own quota allows in each period, in percent of one processor. A cgroup above it may leave less.",
    v1: "cpu.cfs_quota_us, cpu.cfs_period_us",
    v2: "cpu.max",
    document: "scheduler/sched-bwc.rst",
  },
  throttled: {
    label: "Throttled",
    unit: "percent",
    meaning:
      "Of the quota periods in which something ran, the part in which the quota was used up before the end and the processes had to wait.",
    v1: "cpu.stat: nr_throttled, nr_periods",
    v2: "cpu.stat: nr_throttled, nr_periods",
    document: "scheduler/sched-bwc.rst",
  },
  memory: {
    label: "Memory",
    unit: "bytes",
    meaning:
      "All that is charged to the cgroup and those below it, file cache included: what the kernel holds against the limit. Version 1 may be some pages off, for each processor keeps a stock.",
    v1: "memory.usage_in_bytes",
    v2: "memory.current",
    document: cgroups,
  },
  workingSet: {
    label: "Working set",
    unit: "bytes",
    meaning:
      "Memory without the file cache that was not used lately and goes first when memory is short. What docker stats calls MEM USAGE.",
    v1: "memory.usage_in_bytes − memory.stat: total_inactive_file",
    v2: "memory.current − memory.stat: inactive_file",
    document: cgroups,
  },
  anon: {
    label: "Anonymous",
    unit: "bytes",
    meaning:
      "Memory that no file stands behind: heaps, stacks, brk and anonymous mmap. Version 1 counts swap cache with it.",
    v1: "memory.stat: total_rss",
    v2: "memory.stat: anon",
    document: cgroups,
  },
  file: {
    label: "File",
    unit: "bytes",
    meaning: "Page cache of files that were read or written, with tmpfs and shared memory.",
    v1: "memory.stat: total_cache",
    v2: "memory.stat: file",
    document: cgroups,
  },
  kernel: {
    label: "Kernel",
    unit: "bytes",
    meaning:
      "Memory that the kernel holds for the cgroup: page tables, stacks, slabs such as inodes and dentries.",
    v1: "memory.kmem.usage_in_bytes",
    v2: "memory.stat: kernel",
    document: cgroups,
  },
  swap: {
    label: "Swap",
    unit: "bytes",
    meaning: "Swapped out, and not counted as memory.",
    v1: "memory.stat: total_swap",
    v2: "memory.swap.current",
    document: cgroups,
  },
  peak: {
    label: "Peak memory",
    unit: "bytes",
    meaning:
      "The most memory that was charged at once since the cgroup was made or the figure reset.",
    v1: "memory.max_usage_in_bytes",
    v2: "memory.peak",
    document: cgroups,
  },
  memoryHigh: {
    label: "Memory high",
    unit: "bytes",
    meaning: "Above it processes are slowed down and made to give memory back; nothing is killed.",
    v2: "memory.high",
    document: cgroups,
  },
  memoryMax: {
    label: "Memory max",
    unit: "bytes",
    meaning: "The hard limit: what cannot be brought below it is killed.",
    v1: "memory.limit_in_bytes",
    v2: "memory.max",
    document: cgroups,
  },
  maxEvents: {
    label: "At the limit",
    unit: "count",
    meaning:
      "How often the memory limit was about to be exceeded, and memory had to be freed first.",
    v1: "memory.failcnt",
    v2: "memory.events: max",
    document: memory,
  },
  highEvents: {
    label: "Above high",
    unit: "count",
    meaning:
      "How often processes were made to free memory because the cgroup was above its high mark.",
    v2: "memory.events: high",
    document: cgroups,
  },
  oomKills: {
    label: "OOM kills",
    unit: "count",
    meaning:
      "Processes of the cgroup that the kernel killed for want of memory, for whatever limit.",
    v1: "memory.oom_control: oom_kill",
    v2: "memory.events: oom_kill",
    document: cgroups,
  },
  pids: {
    label: "Processes",
    unit: "count",
    meaning: "Processes and threads in the cgroup and those below it: a thread counts as one.",
    v1: "pids.current",
    v2: "pids.current",
    document: cgroups,
  },
  pidsMax: {
    label: "Process limit",
    unit: "count",
    meaning: "The most processes and threads; at this number fork fails with EAGAIN.",
    v1: "pids.max",
    v2: "pids.max",
    document: cgroups,
  },
  ioRead: {
    label: "Read",
    unit: "bytesPerSecond",
    meaning: `Bytes that were read from the device, per second. ${deviceNote}`,
    v1: "blkio.throttle.io_service_bytes_recursive",
    v2: "io.stat: rbytes",
    document: cgroups,
  },
  ioWrite: {
    label: "Written",
    unit: "bytesPerSecond",
    meaning: `Bytes that were written to the device, per second. ${deviceNote}`,
    v1: "blkio.throttle.io_service_bytes_recursive",
    v2: "io.stat: wbytes",
    document: cgroups,
  },
  ioReadOps: {
    label: "Reads",
    unit: "perSecond",
    meaning: `Read requests to the device, per second. ${deviceNote}`,
    v1: "blkio.throttle.io_serviced_recursive",
    v2: "io.stat: rios",
    document: cgroups,
  },
  ioWriteOps: {
    label: "Writes",
    unit: "perSecond",
    meaning: `Write requests to the device, per second. ${deviceNote}`,
    v1: "blkio.throttle.io_serviced_recursive",
    v2: "io.stat: wios",
    document: cgroups,
  },
  pressureSome: {
    label: "Some stalled",
    unit: "percent",
    meaning:
      "Part of the time in which at least one process waited for the processor, memory or a disk. Only the version 2 tree has it; on a hybrid machine it is read there.",
    v2: "cpu.pressure, memory.pressure, io.pressure: some total",
    document: stall,
  },
  pressureFull: {
    label: "All stalled",
    unit: "percent",
    meaning:
      "Part of the time in which all processes that had something to do waited at once: nothing got done.",
    v2: "cpu.pressure, memory.pressure, io.pressure: full total",
    document: stall,
  },
  received: {
    label: "Received",
    unit: "bytesPerSecond",
    meaning:
      "Bytes that arrived at the interfaces of the network namespace, per second. It is the namespace's: processes elsewhere that share it are counted too. Absent where it is the host's.",
    v1: "/proc/PID/net/dev",
    v2: "/proc/PID/net/dev",
    document: "filesystems/proc.rst",
  },
  sent: {
    label: "Sent",
    unit: "bytesPerSecond",
    meaning:
      "Bytes that left by the interfaces of the network namespace, per second. It is the namespace's: processes elsewhere that share it are counted too. Absent where it is the host's.",
    v1: "/proc/PID/net/dev",
    v2: "/proc/PID/net/dev",
    document: "filesystems/proc.rst",
  },
  hugetlb: {
    label: "Huge pages",
    unit: "bytes",
    meaning: "Bytes of reserved huge pages in use, by page size. Not part of the memory above.",
    v1: "hugetlb.SIZE.usage_in_bytes",
    v2: "hugetlb.SIZE.current",
    document: "admin-guide/cgroup-v1/hugetlb.rst",
  },
} as const satisfies Record<string, UsageFigure>;

export type UsageFigureName = keyof typeof usageFigures;
