import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dockerLimits, dockerUlimits } from "../../helper/protocol/dockerLimits.ts";
import { cgroupLimitNames } from "../../helper/protocol/limits.ts";
import type { ResourceLimitName } from "../../helper/protocol/resourceLimits.ts";
import { ociResources } from "../../helper/sandboxes/exports/ociResources.ts";
import { unifiedFiles } from "../../helper/sandboxes/exports/unifiedFiles.ts";

const mebibyte = 1024 * 1024;

describe("limits in Docker's words", () => {
  test("are its flags, with swap as the sum and a flag for each device", () => {
    const { words, missing } = dockerLimits({
      cpusetCpus: "0-1",
      memoryBytes: 64 * mebibyte,
      swapBytes: 32 * mebibyte,
      ioReadBytes: { "/dev/sda": mebibyte, "/dev/sdb": 5 },
    });
    assert.deepEqual(missing, []);
    assert.deepEqual(words, [
      ["--cpuset-cpus", "0-1"],
      ["--memory", "67108864"],
      ["--memory-swap", "100663296"],
      ["--device-read-bps", "/dev/sda:1048576"],
      ["--device-read-bps", "/dev/sdb:5"],
    ]);
  });

  test("leave out what it cannot say, by name", () => {
    const limits = { cpuIdle: 1, swapBytes: 5, ioReadOps: { "8:0": 5 }, pidsMax: 7 };
    const { words, missing } = dockerLimits(limits);
    assert.deepEqual(words, [["--pids-limit", "7"]]);
    assert.deepEqual([...missing].sort(), ["cpuIdle", "ioReadOps", "swapBytes"]);
  });
});

test("what no engine has a flag for is a file of cgroup v2", () => {
  const limits = {
    memoryHighBytes: mebibyte,
    oomGroup: 1,
    hugetlbBytes: { "2MB": 0 },
    swappiness: 5,
  };
  assert.deepEqual(unifiedFiles(limits, cgroupLimitNames), [
    ["memory.high", "1048576"],
    ["memory.oom.group", "1"],
    ["hugetlb.2MB.max", "0"],
  ]);
});

describe("limits as OCI's resources", () => {
  test("are nothing where there is none", () => {
    assert.equal(ociResources({}), undefined);
  });

  test("are its words, and files of cgroup v2 where it has none", () => {
    const resources = ociResources({
      cpuShares: 512,
      cpuBurstUs: 1000,
      memoryBytes: 64 * mebibyte,
      swapBytes: 0,
      memoryHighBytes: 32 * mebibyte,
      hugetlbBytes: { "2MB": 4 * mebibyte },
    });
    assert.deepEqual(JSON.parse(JSON.stringify(resources)), {
      cpu: { shares: 512, burst: 1000 },
      memory: { limit: 64 * mebibyte, swap: 64 * mebibyte },
      hugepageLimits: [{ pageSize: "2MB", limit: 4 * mebibyte }],
      unified: { "memory.high": "33554432" },
    });
  });
});

test("resource limits are copied where a process does not have them from the one above", () => {
  const rowOf = (limit: ResourceLimitName, value: string, parent: string) =>
    ({ limit, unit: "resourceCount", minimum: 0, maximum: 1, value, parent }) as const;
  assert.deepEqual(
    dockerUlimits([
      rowOf("ulimitNofile", "5:unlimited", "20:30"),
      rowOf("ulimitCore", "0:0", "0:0"),
      rowOf("ulimitAs", "4096:4096", "unlimited:unlimited"),
    ]),
    { words: [["--ulimit", "nofile=5:-1"]], missing: ["ulimitAs"] },
  );
});
