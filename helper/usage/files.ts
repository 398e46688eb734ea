import {
  cpuacctUsage,
  cpuMax,
  cpuStat1,
  cpuStat2,
  hugePages,
  ioService,
  ioStat,
  isAtRest,
  memoryEvents,
  memoryLimit,
  memoryStat1,
  memoryStat2,
  only,
  oomControl,
  type Parser,
  pressure,
} from "./parsers.ts";

/** One file of a cgroup. */
export interface UsageFile {
  readonly version: 1 | 2;
  /** In whose hierarchy of version 1 it is. */
  readonly controller?: string;
  readonly file: string;
  /** What it gives. A file of which everything was given by one before is not opened. */
  readonly gives: readonly string[];
  readonly parse: Parser;
  /** It changes when somebody writes a limit, or seldom: it is the first that is read less often. */
  readonly seldom?: true;
  /**
   * The same while neither processor time nor memory in use (which stand above it) changed: who meets a limit runs. Of
   * a peak that somebody set back while nothing ran the old one is told until the file is opened anew.
   */
  readonly follows?: true;
  /**
   * The same while the file of the cgroup above says the same: what it counts is counted there, too, and never less
   * than before. Whether its own text is one that stays, if nothing is counted.
   */
  readonly grows?: (text: string) => boolean;
}

/** What this machine has, on which it depends whether a file can ever say anything. */
export interface Equipment {
  /** Some disk is scheduled by BFQ, which counts in files of its own. */
  readonly bfq: boolean;
  /** As the files are named: `2MB`. */
  readonly hugePageSizes: readonly string[];
}

/**
 * Every file that usage is read from. On a hybrid machine the version 1 file comes first: its cgroup is the
 * one that the limits are in, and version 2's own there would repeat it.
 */
export function usageFiles({ bfq, hugePageSizes }: Equipment): readonly UsageFile[] {
  return [...version1(bfq), ...version2, ...hugePageSizes.flatMap(hugetlbFiles)];
}

const v1 = (
  controller: string,
  file: string,
  gives: readonly string[],
  parse: Parser,
): UsageFile => ({ version: 1, controller, file, gives, parse });

/** Where its controller is missing, the file is. */
const v2 = (file: string, gives: readonly string[], parse: Parser): UsageFile => ({
  version: 2,
  file,
  gives,
  parse,
});

const seldom = (file: UsageFile): UsageFile => ({ ...file, seldom: true });
const follows = (file: UsageFile): UsageFile => ({ ...file, follows: true });
const grows = (file: UsageFile): UsageFile => ({ ...file, grows: () => true });
/** Averages fall by themselves. */
const growsFromRest = (file: UsageFile): UsageFile => ({ ...file, grows: isAtRest });

function version1(bfq: boolean): readonly UsageFile[] {
  return [
    v1("cpuacct", "cpuacct.usage", ["cpu"], cpuacctUsage),
    v1("memory", "memory.usage_in_bytes", ["memory"], only("memory")),
    follows(v1("cpu", "cpu.stat", ["throttling"], cpuStat1)),
    follows(v1("memory", "memory.stat", ["memory.stat"], memoryStat1)),
    follows(v1("memory", "memory.kmem.usage_in_bytes", ["kernel memory"], only("kernel"))),
    v1("pids", "pids.current", ["pids"], only("pids")),
    ...ioFiles("blkio.throttle"),
    ...(bfq ? ioFiles("blkio.bfq") : []),
    seldom(v1("cpu", "cpu.cfs_quota_us", ["CPU quota"], only("quotaUs"))),
    seldom(v1("cpu", "cpu.cfs_period_us", ["CPU period"], only("periodUs"))),
    seldom(follows(v1("memory", "memory.max_usage_in_bytes", ["peak"], only("peak")))),
    seldom(v1("memory", "memory.limit_in_bytes", ["memory limit"], memoryLimit)),
    seldom(follows(v1("memory", "memory.failcnt", ["memory failures"], only("maxEvents")))),
    seldom(follows(v1("memory", "memory.oom_control", ["OOM kills"], oomControl))),
    seldom(v1("pids", "pids.max", ["pids limit"], only("pidsMax"))),
  ];
}

/** A disk is in the files of the throttling or of BFQ, by what was configured for it; in both never twice. */
function ioFiles(prefix: string): readonly UsageFile[] {
  const bytes = ioService("readBytes", "writeBytes");
  const operations = ioService("readOps", "writeOps");
  return [
    grows(v1("blkio", `${prefix}.io_service_bytes_recursive`, [`${prefix} bytes`], bytes)),
    grows(v1("blkio", `${prefix}.io_serviced_recursive`, [`${prefix} operations`], operations)),
  ];
}

const version2: readonly UsageFile[] = [
  v2("cpu.stat", ["cpu", "throttling"], cpuStat2),
  v2("memory.current", ["memory"], only("memory")),
  follows(v2("memory.stat", ["memory.stat"], memoryStat2)),
  v2("memory.swap.current", ["swap"], only("swap")),
  v2("pids.current", ["pids"], only("pids")),
  grows(v2("io.stat", ["io"], ioStat)),
  // Each wake-up counts, so that the one above never says the same.
  v2("cpu.pressure", ["cpu pressure"], pressure("cpu")),
  growsFromRest(v2("memory.pressure", ["memory pressure"], pressure("memory"))),
  growsFromRest(v2("io.pressure", ["io pressure"], pressure("io"))),
  seldom(v2("cpu.max", ["CPU quota", "CPU period"], cpuMax)),
  seldom(follows(v2("memory.peak", ["peak"], only("peak")))),
  seldom(v2("memory.max", ["memory limit"], only("max"))),
  seldom(v2("memory.high", ["high"], only("high"))),
  seldom(follows(v2("memory.events", ["memory events"], memoryEvents))),
  seldom(v2("pids.max", ["pids limit"], only("pidsMax"))),
];

function hugetlbFiles(size: string): readonly UsageFile[] {
  const gives = [`huge pages of ${size}`];
  return [
    v1("hugetlb", `hugetlb.${size}.usage_in_bytes`, gives, hugePages(size)),
    v2(`hugetlb.${size}.current`, gives, hugePages(size)),
  ];
}
