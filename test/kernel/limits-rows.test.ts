import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { readLimits } from "../../helper/limits/cgroups.ts";
import { rowOf } from "../../helper/limits/effective.ts";
import { linkController } from "../../helper/limits/files/link.ts";
import { cgroupPlaces, sandboxDirectory } from "../../helper/limits/places.ts";
import { fileIn } from "../../helper/limits/read.ts";
import { cgroupRows, controllerName, type LimitRow } from "../../helper/limits/table.ts";
import { writeLimits } from "../../helper/limits/write.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { CgroupLimitName, LimitName, Limits } from "../../helper/protocol/limits.ts";
import type { LimitChanges } from "../../helper/protocol/limitsReport.ts";
import type { LimitValue } from "../../helper/protocol/limitUnits.ts";
import { passOn } from "./cgroup-limits.ts";
import { heldCgroups } from "./held-cgroups.ts";
import { needsRoot } from "./isolated.ts";
import { makeLoopDisk } from "./loop-disk.ts";

/** Every row of the table against the kernel that runs here, whichever version it has. */

const mebibyte = 1024 * 1024;

/** Where a sandbox can have it. */
function placeOf(row: LimitRow) {
  return cgroupPlaces().find(({ hierarchy, controllers }) =>
    controllers.includes(controllerName(row, hierarchy.version)),
  );
}

function fileOf(row: LimitRow) {
  const place = placeOf(row);
  return place && fileIn(row, place.hierarchy);
}

async function make(t: TestContext, limits: Limits = {}) {
  const { id } = await heldCgroups(t, limits);
  const cgroups = cgroupPlaces().map((place) => ({
    hierarchy: place.hierarchy,
    directory: sandboxDirectory(place, id),
  }));
  return { id, cgroups, change: (changes: LimitChanges) => writeLimits(cgroups, changes) };
}

function held(id: string, limit: LimitName) {
  return readLimits(id).find((reading) => reading.limit === limit)?.value;
}

/** Version 1 cannot tell a list that was set from the same one that came from its parent. */
function isHeld(id: string, limit: LimitName, value: LimitValue) {
  const inherited = limit === "cpusetMems" ? "0" : undefined;
  assert.deepEqual(held(id, limit) ?? inherited, value);
}

/** What a limit cannot be without. */
const company: { readonly [N in LimitName]?: Limits } = {
  cpuBurstUs: { cpuQuotaUs: 20_000 },
  swapBytes: { memoryBytes: 64 * mebibyte },
};

const samples = (device: string): { readonly [N in CgroupLimitName]: LimitValue } => ({
  cpuPeriodUs: 50_000,
  cpuQuotaUs: 20_000,
  cpuBurstUs: 10_000,
  cpuIdle: 1,
  cpuShares: 1024 * 256,
  cpusetCpus: "0",
  cpusetMems: "0",
  memoryBytes: 64 * mebibyte,
  memoryHighBytes: 32 * mebibyte,
  memoryLowBytes: 16 * mebibyte,
  memoryMinBytes: 8 * mebibyte,
  swapBytes: 16 * mebibyte,
  swappiness: 10,
  oomGroup: 1,
  pidsMax: 50,
  ioWeight: 300,
  ioReadBytes: { [device]: mebibyte },
  ioWriteBytes: { [device]: 2 * mebibyte },
  ioReadOps: { [device]: 100 },
  ioWriteOps: { [device]: 200 },
  hugetlbBytes: { "2MB": 1024 * mebibyte },
  netRateUp: mebibyte,
  netRateDown: mebibyte,
});

/** A link's are tried in network-rates.test.ts. */
const rows = cgroupRows.filter(({ controller }) => controller !== linkController);

describe("each limit", needsRoot, () => {
  let device = "";
  before(() => {
    device = makeLoopDisk({ after }).device;
  });
  for (const row of rows) {
    const { limit } = row;
    const file = fileOf(row);
    if (!file || "reason" in file) {
      test(`${limit} cannot be had here, which is said before anything is made`, (t) => {
        const why = file ? file.reason : `${row.controller} controller`;
        return assert.rejects(
          make(t, { [limit]: samples(device)[limit] }),
          (error) => TerrariumError.is(error, "limitUnavailable") && error.message.includes(why),
        );
      });
      continue;
    }
    test(`${limit} is set from the beginning, taken away and set again`, async (t) => {
      const value = samples(device)[limit];
      const { id, change } = await make(t, { ...company[limit], [limit]: value });
      isHeld(id, limit, value);
      change({ [limit]: null });
      assert.equal(held(id, limit), limit === "cpuPeriodUs" ? 100_000 : undefined);
      change({ [limit]: value });
      isHeld(id, limit, value);
    });
  }

  test("of a device stands beside those of others, and goes by itself", async (t) => {
    const { id, change } = await make(t, { ioReadBytes: { [device]: mebibyte, "7:7": 5000 } });
    change({ ioReadBytes: { [device]: 2 * mebibyte } });
    assert.deepEqual(held(id, "ioReadBytes"), { [device]: 2 * mebibyte });
    change({ ioReadBytes: {} });
    assert.equal(held(id, "ioReadBytes"), undefined);
  });
});

describe("what depends on another limit", needsRoot, () => {
  test("memory and swap go up and down together, in any order", async (t) => {
    const { id, change } = await make(t, { memoryBytes: 64 * mebibyte, swapBytes: 16 * mebibyte });
    for (const [memory, swap] of [
      [128, 0],
      [32, 256],
      [512, 16],
    ] as const) {
      change({ memoryBytes: memory * mebibyte, swapBytes: swap * mebibyte });
      assert.equal(held(id, "memoryBytes"), memory * mebibyte);
      assert.equal(held(id, "swapBytes"), swap * mebibyte);
    }
    change({ memoryBytes: 300 * mebibyte });
    assert.equal(held(id, "swapBytes"), 16 * mebibyte);
  });

  test("burst and quota go up and down together, in any order", async (t) => {
    const { id, change } = await make(t);
    for (const [cpuQuotaUs, cpuBurstUs] of [
      [50_000, 50_000],
      [10_000, 5_000],
      [90_000, 80_000],
    ] as const) {
      change({ cpuQuotaUs, cpuBurstUs });
      assert.deepEqual([held(id, "cpuQuotaUs"), held(id, "cpuBurstUs")], [cpuQuotaUs, cpuBurstUs]);
    }
  });

  test("shares come back with the refusal of what took them: an idle cgroup has none", async (t) => {
    const { id, change } = await make(t, { cpuShares: 2 ** 18 });
    refused(() => change({ cpuIdle: 1, cpuQuotaUs: 10_000, cpuBurstUs: 20_000 }), "cpuBurstUs");
    assert.equal(held(id, "cpuShares"), 2 ** 18);
    assert.equal(held(id, "cpuIdle"), undefined);
  });

  test("a page that is rounded is no refusal, for swap either", async (t) => {
    const { id } = await make(t, {
      memoryBytes: 64 * mebibyte + 1,
      swapBytes: 16 * mebibyte + 4095,
    });
    const swap = Number(held(id, "swapBytes"));
    assert.ok(swap <= 16 * mebibyte + 4095 && swap > 15.8 * mebibyte, `${swap}`);
  });
});

/** The kernel's answer, and what it says of the limit. */
function refused(work: () => void, limit: LimitName, why = /./): void {
  assert.throws(work, (error) => {
    assert.ok(TerrariumError.is(error, "limitRefused"), String(error));
    assert.equal(error.args.limit, limit);
    assert.match(error.message, why);
    return true;
  });
}

describe("a limit is refused, with the reason,", needsRoot, () => {
  const cannot = (t: TestContext, limits: Limits, why: RegExp) =>
    assert.rejects(make(t, limits), (error) => {
      assert.ok(TerrariumError.is(error, "limitUnavailable"), String(error));
      assert.match(error.message, why);
      return true;
    });

  test("for what is no disk of this machine", async (t) => {
    const rates = (device: string) => ({ ioWriteBytes: { [device]: mebibyte } });
    await cannot(t, rates("/dev/null"), /\/dev\/null: it is no block device/);
    await cannot(t, rates("/dev/no-such"), /\/dev\/no-such: there is no such file/);
    await cannot(t, rates("4095:1"), /4095:1: this machine has no such block device/);
  });

  test("for pages and processors that it has not", async (t) => {
    await cannot(t, { cpusetCpus: "0,4000" }, /4000 cannot be had: \S+ says 0/);
    await cannot(t, { cpusetMems: "1000" }, /1000 cannot be had: \S+ says 0/);
  });

  test("where the cgroup above leaves less", async (t) => {
    const { cgroups } = await make(t, {
      memoryBytes: 64 * mebibyte,
      pidsMax: 10,
      cpuQuotaUs: 50_000,
    });
    const below = cgroups.map(({ hierarchy, directory }) => {
      const child = join(directory, "below");
      passOn(directory, ["cpu", "memory", "pids"]);
      mkdirSync(child);
      return { hierarchy, directory: child };
    });
    for (const [limits, why] of [
      [{ memoryBytes: 65 * mebibyte }, /memory.* leaves 64 MB at most/],
      [{ pidsMax: 11 }, /pids.max leaves 10 at most/],
      [{ cpuQuotaUs: 60_000 }, /leaves 0.5 processors' worth of time/],
    ] as const) {
      assert.throws(
        () => writeLimits(below, limits),
        (error) => TerrariumError.is(error, "limitUnavailable") && why.test(error.message),
      );
    }
  });

  test("for swap without memory, where one version knows only their sum", async (t) => {
    if (placeOf(rowOf("memoryBytes"))?.hierarchy.version === 2) {
      await make(t, { swapBytes: mebibyte });
    } else {
      await cannot(t, { swapBytes: mebibyte }, /only together with memory/);
    }
  });

  test("for less memory than is in use: nobody is ended, and the limits stay", async (t) => {
    const { id, cgroups, change } = await make(t, { memoryBytes: 128 * mebibyte, pidsMax: 40 });
    const hold =
      "read -r go; held=$(head -c 40000000 /dev/zero | tr '\\0' a); echo ready; sleep 600";
    const child = spawn("sh", ["-c", hold], { stdio: ["pipe", "pipe", "ignore"], detached: true });
    const ended = once(child, "exit");
    for (const { directory } of cgroups) {
      if (existsSync(join(directory, "memory.stat"))) {
        writeFileSync(join(directory, "cgroup.procs"), `${child.pid}`);
      }
    }
    child.stdin.end("go\n");
    await once(child.stdout, "data");
    assert.throws(
      () => change({ pidsMax: 30, memoryBytes: 16 * mebibyte }),
      /EBUSY.*\d+ MB are in use|\d+ MB are in use.*end processes/,
    );
    assert.deepEqual([held(id, "memoryBytes"), held(id, "pidsMax")], [128 * mebibyte, 40]);
    assert.equal(child.exitCode, null);
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await ended;
  });
});
