import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Figures, groupsOf } from "../../helper/usage/figures.ts";
import { usageFiles } from "../../helper/usage/files.ts";
import { parseNetDev } from "../../helper/usage/network.ts";
import { numberOf } from "../../helper/usage/text.ts";

/** Files as they were read on Linux 6.18 (version 1) and 6.1 (version 2). */
const captured: Readonly<Record<string, string>> = {
  "1 cpuacct.usage": "1234567890\n",
  "1 cpu.stat":
    "nr_periods 50\nnr_throttled 20\nthrottled_time 1500000999\nnr_bursts 0\nburst_time 0\n",
  "1 cpu.cfs_quota_us": "20000\n",
  "1 cpu.cfs_period_us": "100000\n",
  "1 memory.usage_in_bytes": "8192000\n",
  "1 memory.stat":
    "cache 1\nrss 2\nswap 3\ninactive_file 4\nhierarchical_memory_limit 9223372036854771712\ntotal_cache 4677632\ntotal_rss 1024\ntotal_rss_huge 7\ntotal_swap 4096\ntotal_inactive_anon 5\ntotal_inactive_file 192000\n",
  "1 memory.kmem.usage_in_bytes": "300000\n",
  "1 memory.limit_in_bytes": "9223372036854771712\n",
  "1 memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
  "1 pids.max": "max\n",
  "1 blkio.throttle.io_service_bytes_recursive":
    "254:0 Read 4096\n254:0 Write 8192\n254:0 Sync 1\n254:0 Async 1\n254:0 Discard 0\n254:0 Total 12288\n7:1 Read 5\n7:1 Write 0\nTotal 12293\n",
  "1 blkio.throttle.io_serviced_recursive": "254:0 Read 1\n254:0 Write 2\n7:1 Read 1\nTotal 4\n",
  "2 cpu.stat":
    "usage_usec 5000\nuser_usec 3000\nsystem_usec 2000\nnr_periods 4\nnr_throttled 1\nthrottled_usec 77\n",
  "2 cpu.max": "max 100000\n",
  "2 memory.current": "8192000\n",
  "2 memory.stat": "anon 1024\nfile 4096\nkernel 2048\nkernel_stack 16\ninactive_file 92000\n",
  "2 memory.max": "max\n",
  "2 memory.events": "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n",
  "2 io.stat":
    "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n7:0 \n8:0 rbytes=1 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n",
  "2 cpu.pressure":
    "some avg10=12.34 avg60=0.02 avg300=3.47 total=104278045\nfull avg10=0.50 avg60=0.00 avg300=0.18 total=12677361\n",
  "2 io.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=5093\n",
};

const rows = usageFiles({ bfq: true, hugePageSizes: ["2MB"] });

function read(version: 1 | 2, texts: Readonly<Record<string, string>> = captured) {
  const figures = new Figures();
  for (const row of rows.filter((candidate) => candidate.version === version)) {
    const text = texts[`${version} ${row.file}`];
    if (text !== undefined) row.parse(`\n${text}`, figures);
  }
  return groupsOf(figures);
}

describe("version 1", () => {
  const usage = read(1);

  test("counts nanoseconds; ours are microseconds", () => {
    assert.deepEqual(usage.cpu, {
      usageUs: 1_234_567,
      throttledUs: 1_500_000,
      throttledPeriods: 20,
      periods: 50,
      limitPercent: 20,
    });
  });

  test("gives memory with the cgroups below, and no limit as no number", () => {
    const { current, anon, file, kernel, swap, workingSet, max, oomKills } = usage.memory ?? {};
    assert.deepEqual([current, anon, file, kernel], [8_192_000, 1024, 4_677_632, 300_000]);
    assert.deepEqual([swap, workingSet, max, oomKills], [4096, 8_000_000, undefined, 3]);
  });

  test("lists reads and writes line by line", () => {
    assert.deepEqual(usage.io, [
      { device: "254:0", readBytes: 4096, writeBytes: 8192, readOps: 1, writeOps: 2 },
      { device: "7:1", readBytes: 5, writeBytes: 0, readOps: 1, writeOps: 0 },
    ]);
  });
});

describe("version 2", () => {
  const usage = read(2);

  test("gives the same figures in its own words", () => {
    assert.deepEqual(usage.cpu, {
      usageUs: 5_000,
      throttledUs: 77,
      throttledPeriods: 1,
      periods: 4,
      limitPercent: undefined,
    });
    const limited = read(2, { ...captured, "2 cpu.max": "150000 100000\n" });
    assert.equal(limited.cpu?.limitPercent, 150);
    const { current, anon, file, kernel, workingSet, max } = usage.memory ?? {};
    assert.deepEqual([current, anon, file, kernel], [8_192_000, 1024, 4096, 2048]);
    assert.deepEqual([workingSet, max], [8_100_000, undefined]);
    assert.deepEqual(
      [usage.memory?.highEvents, usage.memory?.maxEvents, usage.memory?.oomKills],
      [2, 3, 5],
    );
  });

  test("lists a device that only stands there not", () => {
    assert.deepEqual(usage.io, [
      { device: "254:0", readBytes: 4096, writeBytes: 8192, readOps: 1, writeOps: 2 },
      { device: "8:0", readBytes: 1, writeBytes: 0, readOps: 1, writeOps: 0 },
    ]);
  });

  test("gives pressure, without full where the kernel has none", () => {
    assert.deepEqual(usage.pressure, {
      cpu: { some10: 12.34, someUs: 104_278_045, full10: 0.5, fullUs: 12_677_361 },
      io: { some10: 0, someUs: 5093, full10: undefined, fullUs: undefined },
    });
  });
});

test("a group without its main figure is absent, not 0", () => {
  assert.deepEqual(read(2, { "2 memory.max": "1\n", "2 pids.max": "5\n", "2 cpu.stat": "" }), {
    cpu: undefined,
    memory: undefined,
    pids: undefined,
    io: undefined,
    pressure: undefined,
    hugetlb: undefined,
  });
});

test("a key is found as a whole word only", () => {
  assert.equal(numberOf("\nkernel_stack 16\nkernel 2048\n", "\nkernel "), 2048);
  assert.equal(numberOf("\noom_group_kill 6\n", "\noom_kill "), undefined);
});

test("no text makes a parser throw", () => {
  fc.assert(
    fc.property(fc.constantFrom(...rows), fc.string(), (row, text) => {
      row.parse(`\n${text}`, new Figures());
    }),
  );
});

test("of very many interfaces the first are counted, and none from half a line", () => {
  const line = (name: string) => `${name}: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0`;
  const lines = Array.from({ length: 5_000 }, (_, index) => line(`tap${index}`));
  assert.equal(parseNetDev(["", "", ...lines, ""].join("\n")).length, 32);
  assert.deepEqual(parseNetDev("\n\neth0: 1 0 0 0 0 0 0 0 2"), []);
});

test("interfaces are counted without loopback", () => {
  const text = [
    "Inter-|   Receive                                                |  Transmit",
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop",
    "    lo:  500       5    0    0    0     0          0         0      500       5    0    0    0     0       0          0",
    "  eth0: 1234567      5    0    0    0     0          0         0      891       5    0    0    0     0       0          0",
    "tap\u001b[2J:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
    "",
  ].join("\n");
  assert.deepEqual(parseNetDev(text), [
    { interface: "eth0", rxBytes: 1_234_567, txBytes: 891 },
    { interface: "tap\ufffd[2J", rxBytes: 1, txBytes: 9 },
  ]);
});
