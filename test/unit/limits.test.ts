import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { hugePageSizes } from "../../helper/kernel/hugePages.ts";
import { sharesOfWeight, weightOfShares } from "../../helper/limits/files/cpu.ts";
import type { CgroupFiles, CgroupWrite, LimitFile } from "../../helper/limits/files/limitFile.ts";
import { fileIn } from "../../helper/limits/read.ts";
import { systemdNote } from "../../helper/limits/systemd.ts";
import { cgroupRows, isInForce, limitTable } from "../../helper/limits/table.ts";
import { describeUpdates } from "../../helper/limits/updates.ts";
import { type CgroupLimitName, cgroupLimitFacts } from "../../helper/protocol/limits.ts";
import type { LimitValue } from "../../helper/protocol/limitUnits.ts";

function row(limit: string) {
  const found = limitTable.find((candidate) => candidate.limit === limit);
  assert.ok(found, limit);
  return found;
}

/** Files that hold what was last written to them. */
function cgroup(texts: Readonly<Record<string, string>>): CgroupFiles {
  return { read: (file) => texts[file], readAbove: () => undefined };
}

function fileOf(limit: string, version: 1 | 2): LimitFile {
  const found = fileIn(row(limit), { version });
  assert.ok(!("reason" in found), limit);
  return found;
}

test("a cgroup's name steers no question about it", () => {
  const name = "a\u202eb\u001b[2J.service";
  const directory = `/sys/fs/cgroup/${name}`;
  const hierarchy = { id: "unified", version: 2, controllers: ["pids"] } as const;
  const cgroup = {
    hierarchy: { ...hierarchy, mountPoint: "/sys/fs/cgroup", root: "/", ownPath: "/" },
    directory,
  };
  const held = { before: 1, after: 2, alongside: [] };
  const words = [
    ...describeUpdates([{ limit: "pidsMax", cgroup, file: `${directory}/pids.max`, ...held }]),
    systemdNote(name, [cgroup], { pidsMax: 2 }),
  ];
  for (const mark of ["\u202e", "\u001b"]) assert.ok(!words.join("").includes(mark));
});

describe("cpu.max of version 2 holds quota and period", () => {
  const writes = (limit: string, value: number | undefined, text: string) =>
    fileOf(limit, 2).writes(value, cgroup({ "cpu.max": text }));

  test("writing one keeps the other", () => {
    for (const [limit, value, before, after] of [
      ["cpuPeriodUs", 50_000, "max 100000\n", "max 50000"],
      ["cpuQuotaUs", 20_000, "max 50000\n", "20000 50000"],
      ["cpuPeriodUs", 100_000, "20000 50000\n", "20000 100000"],
      ["cpuQuotaUs", undefined, "20000 50000\n", "max 50000"],
    ] as const) {
      assert.deepEqual(writes(limit, value, before), [{ file: "cpu.max", text: after }]);
    }
  });

  test("each is read from its own field", () => {
    assert.equal(fileOf("cpuPeriodUs", 2).read(cgroup({ "cpu.max": "max 100000\n" })), 100_000);
    assert.equal(fileOf("cpuQuotaUs", 2).read(cgroup({ "cpu.max": "max 100000\n" })), undefined);
    assert.equal(fileOf("cpuQuotaUs", 2).read(cgroup({ "cpu.max": "20000 100000\n" })), 20_000);
  });
});

describe("no limit is undefined, in each file's own words", () => {
  const none: readonly (readonly [string, 1 | 2, string, string])[] = [
    ["cpuQuotaUs", 1, "cpu.cfs_quota_us", "-1\n"],
    ["cpuQuotaUs", 2, "cpu.max", "max 100000\n"],
    ["memoryBytes", 1, "memory.limit_in_bytes", "9223372036854771712\n"],
    ["memoryBytes", 1, "memory.limit_in_bytes", "9223372036854710272\n"],
    ["memoryBytes", 2, "memory.max", "max\n"],
    ["pidsMax", 1, "pids.max", "max\n"],
    ["pidsMax", 2, "pids.max", "max\n"],
  ];
  for (const [limit, version, file, text] of none) {
    test(`${limit}, v${version}: ${text.trim()}`, () => {
      assert.equal(fileOf(limit, version).read(cgroup({ [file]: text })), undefined);
      assert.equal(fileOf(limit, version).find(cgroup({ [file]: text })), file);
      assert.equal(fileOf(limit, version).find(cgroup({})), undefined);
    });
  }
});

type CgroupUnit = (typeof cgroupLimitFacts)[CgroupLimitName]["unit"];

/** Values that each unit can have, in the kernel's own keys. */
const values: { readonly [U in CgroupUnit]: fc.Arbitrary<LimitValue> } = {
  us: fc.integer({ min: 1000, max: 1_000_000 }),
  bytes: fc.integer({ min: 2 ** 20, max: 2 ** 40 }).map((bytes) => bytes - (bytes % 65_536)),
  count: fc.integer({ min: 10, max: 100 }),
  switch: fc.constantFrom(0, 1),
  rate: fc.integer({ min: 1000, max: 12_500_000_000 }),
  list: fc.constantFrom("0", "0-3", "1,3-5"),
  bytesPerSecond: rates(),
  operationsPerSecond: rates(),
  hugePages: fc.constantFrom(...hugePageSizes().map((size) => ({ [size]: 2 ** 30 })), {}),
};

function rates(): fc.Arbitrary<LimitValue> {
  const device = fc.constantFrom("7:0", "8:16", "4095:1");
  return fc.dictionary(device, fc.integer({ min: 1, max: 2 ** 32 - 2 }), {
    minKeys: 1,
    noNullPrototype: true,
  });
}

describe("what is written is what is read", () => {
  for (const { limit, granularity = 1 } of cgroupRows) {
    for (const version of [1, 2] as const) {
      const file = fileIn(row(limit), { version });
      if ("reason" in file) {
        test(`${limit} is none of version ${version}, which has a reason`, () =>
          assert.match(file.reason, /cgroup v[12]/));
        continue;
      }
      test(`${limit}, version ${version}: set, changed and taken away`, () => {
        const two = fc.tuple(
          values[cgroupLimitFacts[limit].unit],
          values[cgroupLimitFacts[limit].unit],
        );
        fc.assert(
          fc.property(two, (pair) => {
            const kernel = new FakeCgroup(version);
            for (const value of pair) {
              kernel.take(file.writes(value, kernel));
              const expected = file.round?.(value) ?? value;
              if (!isEmpty(value))
                assert.ok(isInForce({ granularity }, expected, file.read(kernel)));
            }
            kernel.take(file.writes(undefined, kernel));
            const held = file.read(kernel);
            const isNone = held === undefined || file.isUnset?.(held, kernel);
            assert.ok(isNone || limit === "cpuPeriodUs");
          }),
        );
      });
    }
  }
});

function isEmpty(value: LimitValue): boolean {
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** Files that take what the kernel takes: whole texts, and lines of devices beside each other. */
class FakeCgroup implements CgroupFiles {
  readonly #texts = new Map<string, string>();

  constructor(version: 1 | 2) {
    if (version === 1) this.#texts.set("memory.limit_in_bytes", "1073741824");
  }

  read(file: string): string | undefined {
    return this.#texts.get(file);
  }

  readAbove(file: string): string | undefined {
    return { "cpuset.cpus": "0-7\n", "cpuset.mems": "0-7\n", "memory.swappiness": "60\n" }[file];
  }

  take(writes: readonly CgroupWrite[]): void {
    for (const { file, text, line } of writes) {
      this.#texts.set(file, line ? this.#withLine(file, text) : `${text.replace("-1", "max")}\n`);
    }
  }

  #withLine(file: string, text: string): string {
    const [device = "", rate = ""] = text.split(" ");
    const others = (this.read(file) ?? "")
      .split("\n")
      .filter((one) => !one.startsWith(`${device} `));
    if (file !== "io.max") return [...others, ...(rate === "0" ? [] : [text])].join("\n");
    const [field = ""] = rate.split("=");
    const fields = ["rbps", "wbps", "riops", "wiops"];
    const words = fields.map((name) => (name === field ? rate : `${name}=max`));
    return [...others, `${device} ${words.join(" ")}`].join("\n");
  }
}

describe("weights are converted as runc and crun do", () => {
  test("shares of the CPU", () => {
    for (const [shares, weight] of [
      [2, 1],
      [1024, 100],
      [262_144, 10_000],
    ] as const) {
      assert.equal(weightOfShares(shares), weight);
      assert.equal(sharesOfWeight(weight), shares);
    }
  });

  test("every weight has shares that are that weight again", () => {
    for (let weight = 1; weight <= 10_000; weight += 1) {
      assert.equal(weightOfShares(sharesOfWeight(weight)), weight);
    }
  });
});

describe("version 1 bounds memory and swap by their sum", () => {
  const files = (memory: string, sum: string) =>
    cgroup({ "memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": sum });

  test("which moves with the memory, so that the swap stays", () => {
    assert.deepEqual(fileOf("memoryBytes", 1).writes(2 ** 21, files(`${2 ** 20}`, `${2 ** 22}`)), [
      { file: "memory.limit_in_bytes", text: `${2 ** 21}` },
      { file: "memory.memsw.limit_in_bytes", text: `${2 ** 21 + 2 ** 22 - 2 ** 20}` },
    ]);
  });

  test("and is none with either", () => {
    const none = { file: "memory.memsw.limit_in_bytes", text: "-1" };
    assert.deepEqual(fileOf("swapBytes", 1).writes(undefined, files("4096", "8192")), [none]);
    assert.deepEqual(fileOf("memoryBytes", 1).writes(undefined, files("4096", "8192"))[1], none);
    assert.equal(fileOf("swapBytes", 1).read(files("4096", "9223372036854771712")), undefined);
  });
});

test("what an idle cgroup shows as its weight is none", () => {
  const idle = { "cpu.idle": "1\n", "cpu.shares": "3\n", "cpu.weight": "0\n" };
  for (const version of [1, 2] as const) {
    assert.equal(fileOf("cpuShares", version).read(cgroup(idle)), undefined);
  }
});

test("I/O weight goes to BFQ's file where the kernel has no other, and to both where it has both", () => {
  for (const [version, plain, bfq, text] of [
    [1, "blkio.weight", "blkio.bfq.weight", "300"],
    [2, "io.weight", "io.bfq.weight", "default 300"],
  ] as const) {
    const file = fileOf("ioWeight", version);
    assert.equal(file.writes(300, cgroup({ [plain]: "100" }))[0]?.file, plain);
    assert.deepEqual(file.writes(300, cgroup({ [bfq]: "100" })), [{ file: bfq, text }]);
    const both = cgroup({ [plain]: "100", [bfq]: "100" });
    assert.deepEqual(
      file.writes(300, both).map((write) => write.file),
      [plain, bfq],
    );
  }
  // runc: ConvertBlkIOToIOWeightValue.
  for (const [weight, io] of [
    [10, 1],
    [500, 4950],
    [1000, 10_000],
  ] as const) {
    const [write] = fileOf("ioWeight", 2).writes(weight, cgroup({ "io.weight": "default 100\n" }));
    assert.equal(write?.text, `default ${io}`);
    assert.equal(fileOf("ioWeight", 2).read(cgroup({ "io.weight": `default ${io}\n` })), weight);
  }
});

test("rates of a device are read from io.max beside its others", () => {
  const text =
    "8:16 rbps=2097152 wbps=max riops=max wiops=120\n7:0 rbps=1 wbps=2 riops=3 wiops=4\n";
  const read = (limit: string) => fileOf(limit, 2).read(cgroup({ "io.max": text }));
  assert.deepEqual(read("ioReadBytes"), { "8:16": 2_097_152, "7:0": 1 });
  assert.deepEqual(read("ioWriteBytes"), { "7:0": 2 });
  assert.deepEqual(read("ioWriteOps"), { "8:16": 120, "7:0": 4 });
});

test("a value counts as in force when only the kernel's page rounding changed it", () => {
  const memory = row("memoryBytes");
  assert.ok(isInForce(memory, 100_000_001, 99_999_744));
  assert.ok(!isInForce(memory, 100_000_000, 100_003_840));
  assert.ok(!isInForce(memory, 100_000_000, 99_000_000));
  assert.ok(!isInForce(memory, 100_000_000, undefined));
  assert.ok(!isInForce(row("pidsMax"), 50, 49));
});
