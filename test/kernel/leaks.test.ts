import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "./cli.ts";
import { type HelperProcess, startHelper } from "./helper-process.ts";
import { needsRoot } from "./isolated.ts";
import { countKernelObjects, grown, type KernelObjects } from "./kernel-objects.ts";
import { assertNothingLeft, takeInventory } from "./leftovers.ts";

const limits = { cpuQuotaUs: 50_000, memoryBytes: 64 * 1024 * 1024, pidsMax: 64 };

async function warmHelper(t: TestContext): Promise<HelperProcess> {
  const helper = await startHelper();
  t.after(() => helper.kill());
  return helper;
}

function create(helper: HelperProcess, args: readonly string[], name?: string) {
  const spec = { ...(name === undefined ? {} : { name }), args: [...args], limits };
  return helper.connection.request("sandbox/create", { spec, stdio: "none" });
}

/** Five at a time, which keeps two processors busy. */
async function inBatches(count: number, work: (place: number) => Promise<unknown>): Promise<void> {
  const batch = 5;
  for (let first = 0; first < count; first += batch) {
    await Promise.all(Array.from({ length: batch }, (_, place) => work(first + place)));
  }
}

/** Begins and ends so many sandboxes. */
async function cycle(helper: HelperProcess, count: number): Promise<void> {
  await inBatches(count, () => create(helper, ["true"]));
  await eventually("every sandbox has ended", () => recordCount() === 0);
}

function recordCount(): number {
  const records = "/run/terrarium/sandboxes";
  return existsSync(records) ? readdirSync(records).length : 0;
}

/** A tenth of what a thousand sandboxes would leave if each left one; others use the machine, too. */
const allowance = 100;

async function assertNothingKept(before: KernelObjects): Promise<void> {
  // The kernel takes net namespaces down in the background, one after the other.
  await eventually("", () => grown(before, allowance).length === 0).catch(() => undefined);
  assert.deepEqual(grown(before, allowance), []);
}

describe("sandboxes", needsRoot, () => {
  test("a thousand, one after the other by one helper, leave nothing in it or in the kernel", async (t) => {
    const inventory = takeInventory();
    const helper = await warmHelper(t);
    await cycle(helper, 200);
    const objects = countKernelObjects();
    const descriptors = helper.descriptors();
    await cycle(helper, 500);
    const halfway = helper.residentBytes();
    await cycle(helper, 500);
    const grownBytes = helper.residentBytes() - halfway;
    t.diagnostic(`descriptors ${descriptors} -> ${helper.descriptors()}`);
    t.diagnostic(`the second 500 took ${Math.round(grownBytes / 1024)} KiB in the helper`);
    await eventually("no descriptor is left", () => helper.descriptors() <= descriptors);
    assert.ok(grownBytes < 500 * 8 * 1024, `${grownBytes} bytes in 500 sandboxes`);
    await helper.kill();
    await assertNothingLeft(inventory);
    await assertNothingKept(objects);
  });

  test("500 alive at once are all listed, and leave nothing", async (t) => {
    const [inventory, objects] = [takeInventory(), countKernelObjects()];
    const helper = await warmHelper(t);
    await cycle(helper, 5);
    const descriptors = helper.descriptors();
    const ids: string[] = [];
    t.after(() => removeAll(helper, ids));
    await inBatches(500, async () => {
      ids.push((await create(helper, ["sleep", "1000"])).sandbox.id);
    });
    const listed = await helper.connection.request("sandbox/list", {});
    const running = listed.filter(({ id, state }) => ids.includes(id) && state === "running");
    assert.equal(running.length, 500);
    t.diagnostic(`descriptors ${descriptors}, with 500 sandboxes ${helper.descriptors()}`);
    await removeAll(helper, ids);
    await eventually("no descriptor is left", () => helper.descriptors() <= descriptors);
    await helper.kill();
    await assertNothingLeft(inventory);
    await assertNothingKept(objects);
  });
});

/** Takes the ids out of the list as it goes. */
async function removeAll(helper: HelperProcess, ids: string[]): Promise<void> {
  await inBatches(ids.length, async () => {
    const target = ids.pop();
    if (target === undefined) return;
    await helper.connection.request("sandbox/remove", { target, force: true });
  });
}

describe("a helper that is killed", needsRoot, () => {
  const kills = 100;
  const atOnce = 10;
  const longestMs = 250;

  test(`row 30: ${kills} times, with ${atOnce} sandboxes in the making each time, leaves nothing`, async (t) => {
    const [inventory, objects] = [takeInventory(), countKernelObjects()];
    let survivors = 0;
    let helper = await startHelper();
    t.after(async () => {
      // Whatever happened: what a killed helper had begun runs on.
      await helper.kill();
      helper = await startHelper();
      await removeSurvivors(helper);
      await helper.kill();
    });
    for (let round = 0; round < kills; round += 1) {
      survivors += await removeSurvivors(helper);
      const creations = Array.from({ length: atOnce }, (_, place) =>
        create(helper, ["sleep", "1000"], `killed-${process.pid}-${place}`),
      );
      const settled = Promise.allSettled(creations);
      await sleep((round * longestMs) / kills);
      await helper.kill();
      void settled;
      helper = await startHelper();
    }
    survivors += await removeSurvivors(helper);
    await helper.kill();
    t.diagnostic(`${survivors} of ${kills * atOnce} had begun`);
    assert.ok(survivors > 0 && survivors < kills * atOnce, "the moments lie before and behind");
    await assertNothingLeft(inventory);
    await assertNothingKept(objects);
  });
});

/** What had begun runs on, whole; what had not is gone as soon as a helper looks. */
async function removeSurvivors(helper: HelperProcess): Promise<number> {
  const listed = await helper.connection.request("sandbox/list", {});
  const ours = listed.filter(({ name }) => name?.startsWith(`killed-${process.pid}-`));
  for (const { id, name, state } of ours) {
    assert.equal(state, "running", name);
    await helper.connection.request("sandbox/remove", { target: id, force: true });
  }
  return ours.length;
}
