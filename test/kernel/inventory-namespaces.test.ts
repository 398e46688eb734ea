import assert from "node:assert/strict";
import { readlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { readSnapshot } from "../../helper/inventory/snapshot.ts";
import { readTables } from "../../helper/inventory/tables.ts";
import { type NamespaceType, namespaceTypes } from "../../helper/protocol/namespaces.ts";
import { containersOf } from "../../helper/sandboxes/containers.ts";
import { openSandboxHost } from "../../helper/sandboxes/host.ts";
import { eventually } from "./cli.ts";
import { startIsolated, startPlain } from "./isolated.ts";

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

function inodeOf(pid: number | "self", type: NamespaceType): number {
  return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/${type}`))?.[0]);
}

function find(type: NamespaceType, inode: number) {
  const { namespaces, processes } = readSnapshot();
  const row = namespaces.find((one) => one.type === type && one.inode === inode);
  return row && { ...row, members: processes.filter((one) => one.namespaces[type] === inode) };
}

describe("an isolated process", () => {
  test("is found in each of its namespaces, with its pids outside and inside", async (t) => {
    const { pid } = await startIsolated(t, all);
    for (const type of namespaceTypes.filter((candidate) => candidate !== "time")) {
      const found = find(type, inodeOf(pid, type));
      const member = found?.members.find((process) => process.pid === pid);
      assert.deepEqual(member?.nestedPids, [pid, 1], type);
      assert.equal(found?.isInitial, false, type);
      assert.equal(found?.ownerUid, process.geteuid?.(), type);
    }
  });

  test("owns its namespaces by its user namespace, whose parent is ours", async (t) => {
    const { pid } = await startIsolated(t, all);
    const user = inodeOf(pid, "user");
    assert.equal(find("user", user)?.parent, inodeOf("self", "user"));
    assert.equal(find("pid", inodeOf(pid, "pid"))?.parent, inodeOf("self", "pid"));
    for (const type of ["pid", "mnt", "net", "uts", "ipc", "cgroup"] as const) {
      assert.equal(find(type, inodeOf(pid, type))?.owner, user, type);
    }
  });

  test("shares what it did not unshare: those namespaces stay the host's", async (t) => {
    const { pid } = await startIsolated(t, ["--user", "--net"]);
    const uts = find("uts", inodeOf(pid, "uts"));
    assert.equal(uts?.isInitial, true);
    assert.ok(uts.members.some((process) => process.pid === pid));
  });

  test("leaves the table when it ends", async (t) => {
    const target = await startIsolated(t, all);
    const inode = inodeOf(target.pid, "net");
    assert.ok(find("net", inode));
    await target.end();
    // The kernel reaps PID 1 of a namespace after its parent was told.
    await eventually("its network namespace is gone", () => find("net", inode) === undefined);
  });
});

test("only the tables and types that were asked for are answered", async () => {
  const query = { tables: ["namespaces"], types: ["net", "uts"], sockets: false } as const;
  const report = await readTables(query, containersOf(openSandboxHost()));
  assert.deepEqual(Object.keys(report), ["host", "namespaces"]);
  const types = new Set(report.namespaces?.map(({ type }) => type));
  assert.deepEqual([...types].sort(), ["net", "uts"]);
});

test("a zombie is still in its pid and user namespaces, and breaks nothing", async (t) => {
  // A child that ended before the shell has become sleep would be waited for by the shell.
  const script = `read -r pid rest < /proc/self/stat
    (until grep -qx sleep /proc/$pid/comm; do sleep 0.05; done) &
    echo $pid; exec sleep 600`;
  const { pid } = await startPlain(t, script);
  const zombie = () =>
    readSnapshot().processes.find(({ parentPid, isZombie }) => parentPid === pid && isZombie);
  await eventually("its child is a zombie", () => zombie() !== undefined);
  const row = zombie();
  assert.equal(row?.commandLine, "");
  assert.deepEqual(Object.keys(row.namespaces).sort(), ["pid", "user"]);
});

test("the initial namespaces are those of the host's own start, and nothing keeps them", () => {
  const initial = readSnapshot().namespaces.filter(({ isInitial }) => isInitial);
  assert.ok(initial.length >= namespaceTypes.length);
  assert.ok(initial.every(({ keepers }) => keepers.length === 0));
});
