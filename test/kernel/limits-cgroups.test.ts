import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readSnapshot } from "../../helper/inventory/snapshot.ts";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import {
  createCgroups,
  killCgroup,
  listCgroupNames,
  memoryUsage,
  readLimits,
  removeCgroups,
} from "../../helper/limits/cgroups.ts";
import { rowOf } from "../../helper/limits/effective.ts";
import { cgroupPlaces, sandboxDirectory } from "../../helper/limits/places.ts";
import { roomAbove } from "../../helper/limits/protection.ts";
import { writeLimits } from "../../helper/limits/write.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { Limits } from "../../helper/protocol/limits.ts";
import type { LimitChanges } from "../../helper/protocol/limitsReport.ts";
import { hasScopes, heldCgroups, holdFor, newSandboxId, sandboxPath } from "./held-cgroups.ts";
import { becomeStranger, needsCgroups, needsRoot } from "./isolated.ts";

/** A process that is killed from outside must fail a test, not hang it. */
const bounded = { ...needsCgroups, timeout: 120_000 };

const mebibyte = 1024 * 1024;
const modest: Limits = {
  cpuPeriodUs: 100_000,
  cpuQuotaUs: 20_000,
  memoryBytes: 64 * mebibyte,
  pidsMax: 40,
};

function enter(cgroups: readonly { directory: string }[], pid: number): void {
  for (const { directory } of cgroups) writeFileSync(join(directory, "cgroup.procs"), String(pid));
}

/** A shell that is in the cgroups before it begins; it and what it starts end with the test. */
async function startInside(
  t: TestContext,
  cgroups: readonly { directory: string }[],
  script: string,
) {
  const child = spawn("sh", ["-c", `read -r go; ${script}`], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  const { pid } = child;
  assert.ok(pid);
  t.after(() => {
    killGroup(pid);
    child.stdout.destroy();
  });
  enter(cgroups, pid);
  child.stdin.end("go\n");
  return { child, pid };
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Every process of the group has ended.
  }
}

test(
  "a cgroup that is only called as ours is not protected along with one below it",
  needsCgroups,
  async (t) => {
    const place = cgroupPlaces().find(({ hierarchy }) => hierarchy.version === 2);
    if (!place) return t.skip("this machine has no version 2 of cgroups");
    const [{ hierarchy, base }, row] = [place, rowOf("memoryLowBytes")];
    const parentOf = (directory: string) =>
      roomAbove(row, 1, { hierarchy, directory }).at(-1)?.cgroup.directory;
    const own = sandboxDirectory(place, "0123456789ab");
    assert.equal(parentOf(own), dirname(own));
    assert.equal(parentOf(join(base, "theirs", relative(base, own))), undefined);
  },
);

function directoriesOf(id: string): readonly string[] {
  return cgroupPlaces()
    .map((place) => sandboxDirectory(place, id))
    .filter((directory) => existsSync(directory));
}

describe("the cgroups of a sandbox", bounded, () => {
  test("are made in every hierarchy that has a controller, and in the unified one", async (t) => {
    const { id, cgroups } = await heldCgroups(t, {});
    const expected = readCgroupMounts()
      .hierarchies.filter(({ version, controllers }) => version === 2 || controllers.length > 0)
      .map((hierarchy) => hierarchy.id);
    assert.deepEqual(
      cgroups.map(({ hierarchyId }) => hierarchyId),
      expected,
    );
    assert.deepEqual(
      directoriesOf(id),
      cgroups.map(({ directory }) => directory),
    );
    assert.ok(listCgroupNames().includes(id));
  });

  test("take processes at once: version 1 cpusets are filled", async (t) => {
    const { cgroups } = await heldCgroups(t, {});
    const { child, pid } = await startInside(t, cgroups, "exec sleep 600");
    for (const { directory } of cgroups) {
      assert.equal(readFileSync(join(directory, "cgroup.procs"), "utf8"), `${pid}\n`);
    }
    child.kill("SIGKILL");
    await once(child, "exit");
  });

  test("are gone after removal, with all that was made below them", async (t) => {
    const { id, cgroups } = await heldCgroups(t, modest);
    for (const { directory } of cgroups) mkdirSync(join(directory, "a/b"), { recursive: true });
    removeCgroups(id);
    assert.deepEqual(directoriesOf(id), []);
    assert.ok(!listCgroupNames().includes(id));
  });

  test("that exist already are not taken over, and not removed by the failure", async (t) => {
    const { id, cgroups } = await heldCgroups(t, {});
    assert.throws(
      () => createCgroups(id, {}),
      (error) => TerrariumError.is(error, "cgroupFailed") && error.args.errno === "EEXIST",
    );
    assert.deepEqual(
      directoriesOf(id),
      cgroups.map(({ directory }) => directory),
    );
  });

  test("row 34: are only ever named by an id", () => {
    for (const name of ["..", "../../x", "web", "0123456789AB", "0123456789ab/..", ""]) {
      assert.throws(
        () => createCgroups(name, {}),
        (error) => TerrariumError.is(error, "cgroupFailed"),
      );
      assert.throws(
        () => removeCgroups(name),
        (error) => TerrariumError.is(error, "cgroupFailed"),
      );
    }
  });

  test("show in the inventory as Terrarium's, in every hierarchy", async (t) => {
    const { id, cgroups: made } = await heldCgroups(t, {});
    const { cgroups } = readSnapshot();
    const ours = cgroups.filter(({ path }) => path.endsWith(sandboxPath(id)));
    assert.equal(ours.length, made.length);
    // Below a user's systemd it is told whose that is.
    const isOurs = (manager = "") => /^Terrarium( \(user \d+\))?$/.test(manager);
    assert.ok(ours.every(({ manager, processes }) => isOurs(manager) && processes === 0));
  });
});

/** As the kernel holds them: those that are set, and the period, which always is. */
function setLimits(id: string): Limits {
  const set = readLimits(id).filter(({ value }) => value !== undefined);
  return Object.fromEntries(set.map(({ limit, value }) => [limit, value]));
}

describe("limits", bounded, () => {
  test("are what the kernel's files say", async (t) => {
    const { id, cgroups } = await heldCgroups(t, modest);
    const readings = readLimits(id);
    assert.deepEqual(setLimits(id), modest);
    const own = cgroups.map(({ directory }) => directory);
    for (const { file } of readings) assert.ok(own.includes(dirname(file)), file);
    const quota = readings.find(({ limit }) => limit === "cpuQuotaUs");
    assert.match(readFileSync(quota?.file ?? "", "utf8"), /^20000\b/);
  });

  test("that were not asked for are undefined", async (t) => {
    const { id } = await heldCgroups(t, {});
    assert.deepEqual(Object.keys(setLimits(id)), ["cpuPeriodUs"]);
  });

  test("of memory may be rounded down to a page", async (t) => {
    const { id } = await heldCgroups(t, { memoryBytes: 10 * mebibyte + 1 });
    const memory = readLimits(id).find(({ limit }) => limit === "memoryBytes");
    assert.equal(memory?.value, 10 * mebibyte);
  });

  for (const limits of [
    { pidsMax: 4_194_305 },
    { cpuPeriodUs: 999 },
    { cpuPeriodUs: 1_000_001 },
    { cpuPeriodUs: 100_000, cpuQuotaUs: 999 },
  ] satisfies Limits[]) {
    test(`that the kernel refuses leave nothing: ${JSON.stringify(limits)}`, async (t) => {
      const id = newSandboxId();
      await holdFor(t, id);
      assert.throws(() => createCgroups(id, limits), isRefusal);
      assert.deepEqual(directoriesOf(id), []);
    });
  }

  test("bound the number of processes", async (t) => {
    const { cgroups } = await heldCgroups(t, { pidsMax: 3 });
    const { child } = await startInside(
      t,
      cgroups,
      "sleep 600 & sleep 600 & sleep 600 & sleep 600 & wait",
    );
    const [code] = await once(child, "exit");
    assert.notEqual(code, 0);
  });

  test("of the CPU throttle a busy loop", async (t) => {
    const { id, cgroups } = await heldCgroups(t, { cpuPeriodUs: 20_000, cpuQuotaUs: 1_000 });
    await startInside(t, cgroups, "while :; do :; done");
    const quota = readLimits(id).find(({ limit }) => limit === "cpuQuotaUs");
    const statistics = join(dirname(quota?.file ?? ""), "cpu.stat");
    const throttled = () =>
      Number(/^nr_throttled (\d+)$/m.exec(readFileSync(statistics, "utf8"))?.[1]);
    for (let attempt = 0; throttled() === 0 && attempt < 500; attempt += 1) await sleep(10);
    assert.ok(throttled() > 0);
  });

  test("show what is in use", async (t) => {
    const { id, cgroups } = await heldCgroups(t, { memoryBytes: 64 * mebibyte });
    const hold = "held=$(head -c 5m /dev/zero | tr '\\0' a); echo ready; sleep 600";
    const { child } = await startInside(t, cgroups, hold);
    await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    const used = memoryUsage(id) ?? 0;
    assert.ok(used > 5 * mebibyte && used <= 64 * mebibyte, `${used}`);
  });
});

/** The kernel's; or ours, where the cgroup above has a limit itself, as systemd's scopes have of processes. */
function isRefusal(error: unknown): boolean {
  if (TerrariumError.is(error, "limitRefused")) return error.args.errno === "EINVAL";
  return TerrariumError.is(error, "limitUnavailable") && / leaves \d/.test(error.args.reason);
}

describe("limits that are changed", bounded, () => {
  function change(cgroups: ReturnType<typeof createCgroups>, changes: LimitChanges) {
    const { hierarchies } = readCgroupMounts();
    const placed = cgroups.flatMap(({ hierarchyId, directory }) =>
      hierarchies
        .filter(({ id }) => id === hierarchyId)
        .map((hierarchy) => ({ hierarchy, directory })),
    );
    writeLimits(placed, changes);
  }
  test("up and down, in whatever order the kernel wants", async (t) => {
    const { id, cgroups } = await heldCgroups(t, { cpuPeriodUs: 100_000, cpuQuotaUs: 20_000 });
    for (const [cpuPeriodUs, cpuQuotaUs] of [
      [10_000, 2_000],
      [1_000_000, 200_000],
      [50_000, 1_000],
      [100_000, 400_000],
    ] as const) {
      change(cgroups, { cpuPeriodUs, cpuQuotaUs });
      assert.deepEqual(setLimits(id), { cpuPeriodUs, cpuQuotaUs });
    }
  });

  test("and taken away", async (t) => {
    const { id, cgroups } = await heldCgroups(t, modest);
    change(cgroups, { cpuQuotaUs: null, memoryBytes: null, pidsMax: null });
    assert.deepEqual(setLimits(id), { cpuPeriodUs: 100_000 });
  });

  test("are all as they were where one is refused", async (t) => {
    const { id, cgroups } = await heldCgroups(t, modest);
    assert.throws(
      () => change(cgroups, { cpuQuotaUs: 50_000, memoryBytes: null, pidsMax: 4_194_305 }),
      isRefusal,
    );
    assert.deepEqual(setLimits(id), modest);
  });
});

describe("killing a cgroup", bounded, () => {
  test("ends every process in it, those in cgroups below it too", async (t) => {
    const { id, cgroups } = await heldCgroups(t, {});
    const { child } = await startInside(t, cgroups, "trap '' TERM; sleep 600 & sleep 600 & wait");
    const nested = await startInside(
      t,
      cgroups.map(({ directory }) => ({ directory: makeBelow(directory) })),
      "exec sleep 600",
    );
    const ended = Promise.all([once(child, "exit"), once(nested.child, "exit")]);
    killCgroup(id);
    const signals = (await ended).map(([, signal]) => signal);
    assert.deepEqual(signals, ["SIGKILL", "SIGKILL"]);
    removeCgroups(id);
    assert.deepEqual(directoriesOf(id), []);
  });

  test("works where only version 1 holds the processes", async (t) => {
    const { id, cgroups } = await heldCgroups(t, {});
    const legacy = cgroups.filter(({ hierarchyId }) => hierarchyId !== "unified");
    if (legacy.length === 0) return t.skip("this machine has no version 1 hierarchy");
    const { child } = await startInside(t, legacy, "while :; do sleep 0.01; done");
    const ended = once(child, "exit");
    killCgroup(id);
    assert.equal((await ended)[1], "SIGKILL");
    removeCgroups(id);
    assert.deepEqual(directoriesOf(id), []);
  });
});

/** A new cgroup; version 1 cpusets begin empty and refuse processes until they are filled. */
function makeBelow(parent: string): string {
  const directory = join(parent, "below");
  mkdirSync(directory);
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    if (!existsSync(join(directory, file)) || !parent.includes("cpuset")) continue;
    writeFileSync(join(directory, file), readFileSync(join(parent, file)));
  }
  return directory;
}

test(
  "helpers that make and remove sandboxes at the same time do not disturb each other",
  bounded,
  async () => {
    const module = new URL("./held-cgroups.ts", import.meta.url).pathname;
    // Where systemd makes each scope a round takes ten times as long.
    const rounds = hasScopes ? 5 : 40;
    const code = `import(${JSON.stringify(module)}).then(async ({ heldCgroups }) => {
    for (let round = 0; round < ${rounds}; round += 1) {
      const undo = [];
      await heldCgroups({ after: (work) => undo.push(work) }, { pidsMax: 5 });
      for (const work of undo) work();
    }
  })`;
    const helpers = [1, 2, 3].map(() =>
      spawn(process.execPath, ["-e", code], { stdio: ["ignore", "ignore", "inherit"] }),
    );
    const codes = await Promise.all(helpers.map(async (helper) => (await once(helper, "exit"))[0]));
    assert.deepEqual(codes, [0, 0, 0]);
  },
);

describe("a user to whom nothing is delegated", needsRoot, () => {
  const module = new URL("../../helper/limits/cgroups.ts", import.meta.url).pathname;

  function asStranger(limits: Limits): string {
    const code = `import(${JSON.stringify(module)}).then(({ createCgroups }) => {
      ${becomeStranger}
      console.log(JSON.stringify(createCgroups("0123456789ab", ${JSON.stringify(limits)})));
    }).catch((error) => console.log(error.code, error.args.reason))`;
    return spawnSync(process.execPath, ["-e", code], { encoding: "utf8", cwd: "/" }).stdout.trim();
  }

  test("gets a sandbox without cgroups", () => {
    assert.equal(asStranger({}), "[]");
  });

  test("is told what a limit would need", () => {
    assert.match(asStranger({ memoryBytes: mebibyte }), /^limitUnavailable .*\broot\b/);
    assert.deepEqual(directoriesOf("0123456789ab"), []);
  });
});
