import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { readHoldings } from "../../helper/inventory/namespaces/holdings.ts";
import { readSnapshot } from "../../helper/inventory/snapshot.ts";
import { readTasks } from "../../helper/inventory/tasks.ts";
import type { HostNamespace, NamespaceKeeper } from "../../helper/protocol/hostTables.ts";
import { type NamespaceType, namespaceTypes } from "../../helper/protocol/namespaces.ts";
import { eventually } from "./cli.ts";
import { needsRoot, startIsolated } from "./isolated.ts";
import { startNamespaceHost } from "./namespaceHost.ts";

/** A line of lsns(8), util-linux 2.38. */
interface Listed {
  readonly ns: number;
  readonly type: string;
  readonly nprocs: number;
  readonly pid: number;
}

/** What lsns 2.38 does not look for: what holds a namespace that it never lists. */
const unseenByLsns: Readonly<Record<NamespaceKeeper["kind"], string>> = {
  thread: "it reads the namespaces of processes, not of their threads",
  children: "it does not read pid_for_children and time_for_children",
  descriptor: "it does not look at descriptors",
  mount: "it takes from mounts where a namespace is pinned, and lists none for that",
  socket: "it does not ask sockets",
  namespace: "it does not follow parents and owners that no process is in",
};

async function read(sockets = false) {
  const tasks = readTasks();
  return readSnapshot({ tasks, holdings: await readHoldings(tasks, { sockets }) });
}

type Snapshot = Awaited<ReturnType<typeof read>>;

function find({ namespaces }: Snapshot, type: NamespaceType, inode: number) {
  return namespaces.find((row) => row.type === type && row.inode === inode);
}

function membersOf({ processes }: Snapshot, { type, inode }: HostNamespace): number {
  return processes.filter(({ namespaces }) => namespaces[type] === inode).length;
}

function hasMembers(snapshot: Snapshot, type: NamespaceType, inode: number): boolean {
  return snapshot.processes.some(({ namespaces }) => namespaces[type] === inode);
}

/** Its own process is in the helper's namespaces as long as it looks. */
function readLsns(): readonly Listed[] {
  const text = execFileSync("lsns", ["--json", "--output", "NS,TYPE,NPROCS,PID"], {
    encoding: "utf8",
  });
  const own = new Set(Object.values(ownInodes()));
  const { namespaces }: { namespaces: Listed[] } = JSON.parse(text);
  return namespaces.map((line) => ({ ...line, nprocs: line.nprocs - (own.has(line.ns) ? 1 : 0) }));
}

function ownInodes() {
  const own = readTasks().tasks.find(({ pid }) => pid === process.pid);
  assert.ok(own);
  return own.namespaces;
}

/** `ip netns add` by hand: files that a namespace of each type is mounted on. */
function pin(t: TestContext, types: Readonly<Partial<Record<NamespaceType, string>>>) {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-pinned-"));
  execFileSync("mount", ["--bind", folder, folder]);
  execFileSync("mount", ["--make-private", folder]);
  t.after(() => {
    execFileSync("umount", ["--recursive", folder]);
    rmSync(folder, { recursive: true });
  });
  return Object.entries(types).map(([type, flag]) => {
    const path = join(folder, `${type} of\nhers`);
    closeSync(openSync(path, "w"));
    execFileSync("unshare", [`${flag}=${path}`, "true"]);
    return { type, path: path.replace("\n", "\uFFFD") };
  });
}

const pinnable = { net: "--net", uts: "--uts", ipc: "--ipc", cgroup: "--cgroup" };

/** lsns between two readings of ours: what came or went meanwhile is not compared. */
async function compare() {
  const before = await read(true);
  const listed = readLsns();
  const snapshot = await read(true);
  const steady = ({ type, inode }: Pick<HostNamespace, "type" | "inode">) => {
    const [a, b] = [before, snapshot].map((one) => find(one, type, inode));
    return a && b && membersOf(before, a) === membersOf(snapshot, b) ? b : undefined;
  };
  let compared = 0;
  const differences: string[] = [];
  for (const { type, ns, nprocs } of listed) {
    const known = namespaceTypes.find((name) => name === type);
    const row = known && steady({ type: known, inode: ns });
    if (row) compared += 1;
    const counted = row && membersOf(snapshot, row);
    if (row && counted !== nprocs) differences.push(`${type} ${ns}: ${counted}, of lsns ${nprocs}`);
    const isMissing = known && !find(snapshot, known, ns) && hasMembers(snapshot, known, ns);
    if (isMissing) differences.push(`${type} ${ns}: of lsns alone`);
  }
  for (const row of snapshot.namespaces.filter((one) => !isListed(listed, one))) {
    if (!isExplained(snapshot, row, steady(row) !== undefined)) {
      differences.push(`${row.type} ${row.inode}: not of lsns`);
    }
  }
  return { snapshot, compared, differences };
}

/** Why lsns does not list it: nobody was in it when it looked, and it does not see what keeps it. */
function isExplained(snapshot: Snapshot, row: HostNamespace, isSteady: boolean): boolean {
  if (membersOf(snapshot, row) > 0) return !isSteady;
  return row.keepers.length > 0 && row.keepers.every(({ kind }) => unseenByLsns[kind] !== "");
}

describe("on a host with 200 namespaces of all types", needsRoot, () => {
  test("everything that lsns lists is listed, with the same counts; what it does not list, it cannot see", async (t) => {
    await startNamespaceHost(t, 25);
    pin(t, pinnable);
    // Others may use the machine: what differs each time differs for another reason.
    let comparison = await compare();
    for (let attempt = 0; comparison.differences.length > 0 && attempt < 20; attempt += 1) {
      comparison = await compare();
    }
    const { snapshot, compared, differences } = comparison;
    assert.deepEqual(differences, []);
    assert.ok(compared >= 200, `${compared}`);
    for (const type of namespaceTypes) {
      const own = snapshot.namespaces.filter((row) => row.type === type && !row.isInitial);
      assert.ok(own.length >= 25, `${own.length} of ${type}`);
    }
  });

  test("what no process is in is found by whatever holds it, with its owner and its parent", async (t) => {
    const held = await startNamespaceHost(t, 0);
    assert.equal(held.length, 8 + 5 + 2 + 1 + 1);
    let snapshot = await read(true);
    // Whoever made them has ended, and is waited for by the machine's init, in its own time: until then it is in them.
    await eventually("nobody is in them any more", async () => {
      snapshot = await read(true);
      return held.every(({ type, inode }) => !hasMembers(snapshot, type, inode));
    });
    const own = ownInodes();
    for (const { kind, type, inode, pid } of held) {
      const row = find(snapshot, type, inode);
      assert.ok(row, `${type} held by a ${kind}`);
      const [keeper] = row.keepers;
      assert.equal(keeper?.kind, kind);
      if (keeper.kind !== "mount" && keeper.kind !== "namespace") assert.equal(keeper.pid, pid);
      assert.equal(row.ownerUid, 0);
      assert.equal(row.owner, type === "user" ? undefined : own.user);
      assert.equal(row.parent, type === "pid" || type === "user" ? own[type] : undefined);
    }
  });

  test("sockets are asked only where that was asked for", async (t) => {
    const held = await startNamespaceHost(t, 0);
    const ofSocket = held.find(({ kind }) => kind === "socket");
    assert.ok(ofSocket && !find(await read(), "net", ofSocket.inode));
  });

  test("what is pinned by a bind mount names its path, in whatever mount namespace that is", async (t) => {
    const pinned = pin(t, pinnable);
    const elsewhere = `mount -t tmpfs tmpfs /mnt && touch /mnt/lab && unshare --net=/mnt/lab true
      read -r pid rest < /proc/self/stat; echo $pid; exec sleep 600`;
    const { pid } = await startIsolated(t, ["--mount"], elsewhere);
    const snapshot = await read();
    const task = snapshot.processes.find((one) => one.pid === pid);
    const keepers = snapshot.namespaces
      .filter(({ ownerUid }) => ownerUid === 0)
      .flatMap(({ type, keepers: all }) => all.map((keeper) => ({ type, keeper })));
    const own = ownInodes().mnt;
    for (const [type, path, mountNamespace] of [
      ...pinned.map((one) => [one.type, one.path, own] as const),
      ["net", "/mnt/lab", task?.namespaces.mnt] as const,
    ]) {
      const wanted = { type, keeper: { kind: "mount", path, mountNamespace } };
      assert.ok(
        keepers.some((found) => JSON.stringify(found) === JSON.stringify(wanted)),
        path,
      );
    }
  });

  test("who is root of a user namespace pins what it likes, and no path of its is walked", async (t) => {
    const script = `mount -t tmpfs tmpfs /mnt && touch /mnt/lab && unshare --net=/mnt/lab true
      read -r pid rest < /proc/self/stat; echo $pid; exec sleep 600`;
    await startIsolated(t, ["--user", "--map-root-user", "--mount"], script);
    const { namespaces } = await read();
    const row = namespaces.find(({ keepers }) =>
      keepers.some((keeper) => keeper.kind === "mount" && keeper.path === "/mnt/lab"),
    );
    assert.equal(row?.type, "net");
    assert.equal(row.owner, undefined);
  });

  test("three user and pid namespaces in each other are a chain up to the host's", async (t) => {
    await startNamespaceHost(t, 0);
    const snapshot = await read();
    const deepest = snapshot.processes.filter(({ nestedPids }) => nestedPids.length === 4);
    assert.equal(deepest.length, 1);
    const own = ownInodes();
    for (const type of ["user", "pid"] as const) {
      const chain = [deepest[0]?.namespaces[type]];
      for (let inode = chain[0]; inode !== undefined && inode !== own[type]; ) {
        inode = find(snapshot, type, inode)?.parent;
        chain.push(inode);
      }
      assert.equal(chain.length, 4, `${type} ${chain}`);
      assert.equal(chain.at(-1), own[type]);
    }
  });
});

function isListed(listed: readonly Listed[], { type, inode }: HostNamespace): boolean {
  return listed.some((line) => line.type === type && line.ns === inode);
}

test("reading opens nothing that it does not close", needsRoot, async (t) => {
  await startNamespaceHost(t, 2);
  await read(true);
  const before = readdirSync("/proc/self/fd").length;
  for (let round = 0; round < 5; round += 1) await read(true);
  assert.equal(readdirSync("/proc/self/fd").length, before);
});

test("what is given again of the last snapshot makes the same one", needsRoot, async (t) => {
  await startNamespaceHost(t, 2);
  const { parts, ...first } = await read();
  const { parts: _parts, ...again } = readSnapshot(parts);
  assert.deepEqual(again, first);
});
