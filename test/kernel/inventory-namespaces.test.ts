import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readNamespaces } from "../../helper/inventory/namespaces.ts";
import { type NamespaceType, namespaceTypes } from "../../helper/protocol/namespaces.ts";
import { needsRoot, startIsolated, startPlain } from "./isolated.ts";

const noSandboxes = new Map<number, string>();
const all = [
  "--user",
  "--pid",
  "--mount",
  "--net",
  "--uts",
  "--ipc",
  "--cgroup",
  "--fork",
  "--kill-child",
];
const pidAndUser = ["--user", "--map-root-user", "--pid", "--fork", "--kill-child"];

function inodeOf(pid: number | "self", type: NamespaceType): number {
  return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/${type}`))?.[0]);
}

function find(
  type: NamespaceType,
  inode: number,
  sandboxes: ReadonlyMap<number, string> = noSandboxes,
) {
  return readNamespaces({ sandboxes }).namespaces.find(
    (namespace) => namespace.type === type && namespace.inode === inode,
  );
}

describe("an isolated process", () => {
  test("is found in each of its namespaces, with its pids outside and inside", async (t) => {
    const { pid } = await startIsolated(t, all);
    for (const type of namespaceTypes.filter((candidate) => candidate !== "time")) {
      const found = find(type, inodeOf(pid, type));
      const member = found?.processes.find((process) => process.pid === pid);
      assert.deepEqual(member?.nestedPids, [pid, 1], type);
      assert.equal(found?.isInitial, false, type);
      assert.equal(found?.ownerUid, process.geteuid?.(), type);
    }
  });

  test("shares what it did not unshare: those namespaces stay the host's", async (t) => {
    const { pid } = await startIsolated(t, ["--user", "--net"]);
    const uts = find("uts", inodeOf(pid, "uts"));
    assert.equal(uts?.isInitial, true);
    assert.ok(uts.processes.some((process) => process.pid === pid));
  });

  test("leaves the report when it ends", async (t) => {
    const target = await startIsolated(t, all);
    const inode = inodeOf(target.pid, "net");
    assert.ok(find("net", inode));
    await target.end();
    // The kernel reaps PID 1 of a namespace after its parent was told.
    for (let attempt = 0; find("net", inode) && attempt < 50; attempt += 1) await sleep(20);
    assert.equal(find("net", inode), undefined);
  });
});

describe("a namespace", () => {
  test("belongs to the sandbox whose processes are its only members", async (t) => {
    const { pid } = await startIsolated(t, [...pidAndUser, "unshare", "--net"]);
    const sandboxes = new Map([[inodeOf(pid, "pid"), "web"]]);
    assert.equal(find("pid", inodeOf(pid, "pid"), sandboxes)?.sandbox, "web");
    assert.equal(find("net", inodeOf(pid, "net"), sandboxes)?.sandbox, "web");
    assert.equal(find("net", inodeOf("self", "net"), sandboxes)?.sandbox, undefined);
  });

  test("that has a member outside the sandbox belongs to none", async (t) => {
    // Without the inner unshare the outer one, which waits on the host's side, is a member itself.
    const { pid } = await startIsolated(t, [...pidAndUser, "--net"]);
    const sandboxes = new Map([[inodeOf(pid, "pid"), "web"]]);
    assert.equal(find("net", inodeOf(pid, "net"), sandboxes)?.sandbox, undefined);
  });

  test("made inside a sandbox belongs to it, too", async (t) => {
    const nested = `read -r pid rest < /proc/self/stat
      unshare --pid --fork --kill-child sleep 600 & echo $pid; wait`;
    const { pid } = await startIsolated(t, pidAndUser, nested);
    const sandboxes = new Map([[inodeOf(pid, "pid"), "web"]]);
    const inner = () =>
      readNamespaces({ sandboxes }).namespaces.filter(
        ({ type, processes }) => type === "pid" && processes[0]?.nestedPids.length === 3,
      );
    for (let attempt = 0; inner().length === 0 && attempt < 50; attempt += 1) await sleep(20);
    assert.deepEqual(
      inner().map(({ sandbox }) => sandbox),
      ["web"],
    );
  });

  test("lists its topmost process first", async (t) => {
    const script = `read -r pid rest < /proc/self/stat; sleep 600 & sleep 600 & echo $pid; wait`;
    const { pid } = await startIsolated(t, ["--user", "--ipc"], script);
    const processes = find("ipc", inodeOf(pid, "ipc"))?.processes ?? [];
    assert.equal(processes[0]?.pid, pid);
    assert.deepEqual(
      processes.slice(1).map(({ parentPid }) => parentPid),
      [pid, pid],
    );
  });
});

test("only the types that were asked for are reported", () => {
  const { namespaces } = readNamespaces({ types: ["net", "uts"], sandboxes: noSandboxes });
  assert.deepEqual([...new Set(namespaces.map(({ type }) => type))].sort(), ["net", "uts"]);
});

test("everything that lsns lists is found", needsRoot, async (t) => {
  await startIsolated(t, all);
  const json = execFileSync("lsns", ["--json", "--output", "NS,TYPE,PID"], { encoding: "utf8" });
  const listed: { namespaces: { ns: number; type: string; pid: number }[] } = JSON.parse(json);
  const { namespaces } = readNamespaces({ sandboxes: noSandboxes });
  const found = new Set(namespaces.map(({ type, inode }) => `${type} ${inode}`));
  // What only lsns itself was in, and what ended since, may be missing: neither exists any more.
  const missing = listed.namespaces
    .filter(({ type, ns }) => !found.has(`${type} ${ns}`))
    .filter(({ pid, type, ns }) => stillIn(pid, type, ns));
  assert.deepEqual(missing, []);
  assert.ok(listed.namespaces.length >= 8);
});

function stillIn(pid: number, type: string, inode: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/${type}`) === `${type}:[${inode}]`;
  } catch {
    return false;
  }
}

test("a zombie is still in its pid and user namespaces, and breaks nothing", async (t) => {
  const script = `read -r pid rest < /proc/self/stat; sh -c 'exit 0' & echo $pid; exec sleep 600`;
  const { pid } = await startPlain(t, script);
  const zombies = () =>
    find("pid", inodeOf("self", "pid"))?.processes.filter(({ parentPid }) => parentPid === pid);
  for (let attempt = 0; zombies()?.length === 0 && attempt < 50; attempt += 1) await sleep(10);
  assert.equal(zombies()?.[0]?.commandLine, "");
});

test("reading opens nothing that it does not close", () => {
  readNamespaces({ sandboxes: noSandboxes });
  const before = readdirSync("/proc/self/fd").length;
  for (let round = 0; round < 5; round += 1) readNamespaces({ sandboxes: noSandboxes });
  assert.equal(readdirSync("/proc/self/fd").length, before);
});

test("row 32: processes that come and go during a scan are no error", async () => {
  const churn = spawn("sh", ["-c", "while :; do /bin/true; done"], { stdio: "ignore" });
  for (let round = 0; round < 20; round += 1) readNamespaces({ sandboxes: noSandboxes });
  churn.kill("SIGKILL");
  await once(churn, "exit");
});
