import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type LimitRow, limitTable } from "../../helper/limits/table.ts";
import { unavailable } from "../../helper/limits/unavailable.ts";
import type { CgroupLimitName, LimitName } from "../../helper/protocol/limits.ts";
import {
  isResourceLimit,
  type ResourceLimitName,
  resourceLimitFacts,
} from "../../helper/protocol/resourceLimits.ts";

/** Which test shows what a limit does to a load that wants more, in each version: a row of the table needs one. */

interface Load {
  /** Below test/. */
  readonly file: string;
  /** Its title, or a row of its table, as the file has it. */
  readonly title: string;
}

interface Loads {
  readonly v1?: Load;
  readonly v2?: Load;
}

const here = (title: string): Load => ({ file: "kernel/limits-truth.test.ts", title });
const oldMachine = (title: string): Load => ({ file: "vm/limits-v1.test.ts", title });
const machine = (title: string): Load => ({ file: "vm/limits.test.ts", title });
/** Both machines. */
const both = (title: string): Loads => {
  const load = { file: "vm/limit-loads.ts", title };
  return { v1: load, v2: load };
};

const processor = {
  v1: here("gives a busy loop 20 % of one processor, with 20000 of 100000"),
  v2: machine("gives a busy loop 20 % of a processor"),
};
const disk = (flag: string): Loads => ({
  v1: here(`option: "${flag}"`),
  v2: machine(`["${flag}", `),
});
const protection = machine('["--memory-min", "--memory-reservation"].map(protecting)');
const link = (title: string): Loads => {
  const load = { file: "kernel/network-rates.test.ts", title };
  return { v1: load, v2: load };
};

const cgroupLoads: { readonly [N in CgroupLimitName]: Loads } = {
  cpuPeriodUs: processor,
  cpuQuotaUs: processor,
  cpuBurstUs: {
    v1: here("the CPU burst is what a loop that was held still may take at once"),
    v2: machine("lets a loop that was held still take its burst at once, beyond the quota"),
  },
  cpuIdle: {
    v1: here("leave an idle sandbox next to nothing"),
    v2: machine("leaves an idle sandbox next to nothing of a processor that another one wants"),
  },
  cpuShares: {
    v1: here("share it by --cpu-shares: four times as many, four times as much"),
    v2: machine("divides a processor by weight"),
  },
  cpusetCpus: {
    v1: here("the set of processors is all that programs find, and run on"),
    v2: machine("gives two busy loops one processor where the set has one"),
  },
  cpusetMems: both("takes memory from the nodes of its set alone"),
  memoryBytes: {
    v1: here("the memory limit lets a hog have all of it and no more, and ends it alone"),
    v2: machine("lets a hog have all of its memory and no more, and ends it alone"),
  },
  memoryHighBytes: { v2: machine("keeps the page cache below memory.high, and ends nobody") },
  memoryLowBytes: {
    v1: oldMachine(
      "takes from who is above its reservation first, when the machine runs short of memory",
    ),
    v2: protection,
  },
  memoryMinBytes: { v2: protection },
  swapBytes: both("lets it have as much swap as was asked for"),
  swappiness: {
    v1: oldMachine(
      "swaps out as readily as its swappiness says: with 0 nothing, and memory runs out",
    ),
  },
  oomGroup: {
    v2: machine("ends all of a sandbox together where it is asked to, and one process where not"),
  },
  pidsMax: {
    v1: here("fork is refused at the limit of processes"),
    v2: machine("refuses a fork at the limit of processes"),
  },
  ioWeight: both("divides a disk by weight"),
  ioReadBytes: disk("--device-read-bps"),
  ioWriteBytes: disk("--device-write-bps"),
  ioReadOps: disk("--device-read-iops"),
  ioWriteOps: disk("--device-write-iops"),
  hugetlbBytes: both("gives huge pages up to the limit"),
  netRateUp: link("--net-rate-up bounds what a sandbox sends"),
  netRateDown: link("--net-rate-down bounds what it is sent"),
};

/** No version has to do with them. */
function resourceLoads(limit: ResourceLimitName): Loads {
  const load = { file: "kernel/limits-resources-truth.test.ts", title: `${limit}: {` };
  return isEnforced(limit) ? { v1: load, v2: load } : {};
}

function isEnforced(limit: ResourceLimitName): boolean {
  return !resourceLimitFacts[limit].help.startsWith("not enforced");
}

function loadsOf(limit: LimitName): Loads {
  return isResourceLimit(limit) ? resourceLoads(limit) : cgroupLoads[limit];
}

/** Why nobody can show it: the reason that is said to who asks for it. */
function reasonFor(row: LimitRow, version: "v1" | "v2"): string | undefined {
  const file = row[version];
  if ("reason" in file) return unavailable(row, file.reason).message;
  return isResourceLimit(row.limit) && !isEnforced(row.limit) ? "not enforced" : undefined;
}

for (const version of ["v1", "v2"] as const) {
  test(`each limit of ${version} has a load that wants more, or the reason why there can be none`, () => {
    for (const row of limitTable) {
      const load = loadsOf(row.limit)[version];
      const reason = reasonFor(row, version);
      assert.equal(load === undefined, reason !== undefined, `${row.limit}: ${reason}`);
    }
  });

  test(`the tests that these are of ${version} are there`, () => {
    for (const { limit } of limitTable) {
      const load = loadsOf(limit)[version];
      if (!load) continue;
      const source = readFileSync(new URL(`../${load.file}`, import.meta.url), "utf8");
      assert.ok(source.includes(load.title), `${limit}: ${load.file}: ${load.title}`);
    }
  });
}
