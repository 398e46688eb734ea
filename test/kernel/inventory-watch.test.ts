import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readCgroups } from "../../helper/inventory/cgroups.ts";
import { readNamespaces } from "../../helper/inventory/namespaces.ts";
import { watchInventory } from "../../helper/inventory/watch.ts";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import type { Topic } from "../../helper/protocol/schemas.ts";
import { needsRoot, startIsolated } from "./isolated.ts";

/** Watches with a count of reads, and collects what is sent. */
function start(
  t: TestContext,
  topics: readonly Topic[],
  read: (topic: Topic) => unknown,
  directories?: readonly string[],
) {
  const sent: { topic: Topic; report: unknown }[] = [];
  let reads = 0;
  const watch = watchInventory<unknown>({
    topics,
    directories,
    read: (topic) => {
      reads += 1;
      return read(topic);
    },
    onChange: (topic, report) => void sent.push({ topic, report }),
  });
  t.after(() => watch.dispose());
  return { watch, sent, reads: () => reads };
}

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; !condition() && attempt < 500; attempt += 1) await sleep(10);
  assert.ok(condition(), "it did not happen");
}

function inotifyDescriptors(): number {
  return readdirSync("/proc/self/fd").filter((fd) => linkOf(fd) === "anon_inode:inotify").length;
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}

test("the first report comes at once, an equal one never", async (t) => {
  const { sent, reads } = start(t, ["sandboxes"], () => ["same"]);
  await until(() => reads() >= 3);
  assert.deepEqual(sent, [{ topic: "sandboxes", report: ["same"] }]);
});

test("without topics nothing is read", async (t) => {
  const { watch, reads } = start(t, [], () => 0);
  await sleep(50);
  assert.equal(reads(), 0);
  watch.set(["cgroups"]);
  await until(() => reads() > 0);
  watch.set([]);
  const before = reads();
  await sleep(1_200);
  assert.equal(reads(), before);
});

test("a topic that is watched again is reported again", async (t) => {
  const { watch, sent } = start(t, ["cgroups"], () => 0);
  await until(() => sent.length === 1);
  watch.set([]);
  watch.set(["cgroups"]);
  await until(() => sent.length === 2);
});

test("a read that fails costs its own report only, and is tried again", async (t) => {
  let failures = 0;
  const { sent } = start(t, ["sandboxes", "cgroups"], (topic) => {
    if (topic === "sandboxes" && failures < 2) {
      failures += 1;
      return Promise.reject(new Error("no"));
    }
    return topic;
  });
  await until(() => sent.length === 2);
  assert.deepEqual(
    sent.map(({ topic }) => topic),
    ["cgroups", "sandboxes"],
  );
});

test("what is read while the topic is dropped is not sent", async (t) => {
  let answer = () => {};
  const { watch, sent, reads } = start(
    t,
    ["namespaces"],
    () =>
      new Promise<number>((resolve) => {
        answer = () => resolve(1);
      }),
  );
  await until(() => reads() === 1);
  watch.dispose();
  answer();
  await sleep(20);
  assert.deepEqual(sent, []);
});

test("a new file in the registry's directory is seen without waiting for the timer", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "terrarium-watch-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const { reads } = start(t, ["sandboxes"], () => 0, [directory]);
  await until(() => reads() === 1);
  // Ten changes, each seen: by the timer alone that would be ten seconds, and `until` waits five.
  for (let round = 2; round <= 11; round += 1) {
    mkdirSync(join(directory, `${round}`));
    await until(() => reads() >= round);
  }
});

test("a new cgroup and a new namespace appear in the reports", needsRoot, async (t) => {
  const { hierarchies } = readCgroupMounts();
  const parent =
    hierarchies.find(({ version }) => version === 2)?.mountPoint ?? hierarchies[0]?.mountPoint;
  assert.ok(parent);
  const { sent } = start(t, ["cgroups", "namespaces"], (topic) =>
    topic === "cgroups"
      ? readCgroups({ sandboxNames: new Map() })
      : readNamespaces({ sandboxes: new Map() }),
  );
  const last = (topic: Topic) =>
    JSON.stringify(sent.findLast((change) => change.topic === topic)?.report);
  await until(() => sent.length >= 2);
  const name = `watched-${process.pid}`;
  mkdirSync(join(parent, name));
  t.after(() => rmdirSync(join(parent, name)));
  await until(() => last("cgroups").includes(name));
  const { pid } = await startIsolated(t, ["--user", "--uts"]);
  const uts = /\d+/.exec(readlinkSync(`/proc/${pid}/ns/uts`))?.[0] ?? "none";
  await until(() => last("namespaces").includes(uts));
});

test("after disposal no watcher and no timer is left", async (t) => {
  const { watch, reads } = start(t, ["cgroups", "namespaces", "sandboxes"], () => 0);
  await until(() => reads() >= 3);
  watch.dispose();
  await sleep(20);
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === "FSEventWrap");
  assert.deepEqual(timers, []);
  // libuv keeps one inotify descriptor for a whole process.
  assert.ok(inotifyDescriptors() <= 1);
});
