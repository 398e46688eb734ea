import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { readCgroupTree } from "../../helper/inventory/cgroups/tree.ts";
import { readHoldings } from "../../helper/inventory/namespaces/holdings.ts";
import { readSnapshot } from "../../helper/inventory/snapshot.ts";
import { readTasks } from "../../helper/inventory/tasks.ts";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { tableKeys } from "../../helper/protocol/hostTables.ts";
import { printable } from "../../helper/protocol/printable.ts";
import { eventually } from "./cli.ts";
import { needsRoot, startIsolated, startPlain } from "./isolated.ts";

async function read() {
  const tasks = readTasks();
  return readSnapshot({ tasks, holdings: await readHoldings(tasks, { sockets: true }) });
}

/** Nothing in any row may steer a terminal, and each has a key of its own. */
function assertHarmless(snapshot: Awaited<ReturnType<typeof read>>): void {
  const { parts: _parts, ...rows } = snapshot;
  JSON.stringify(rows, (_key, value: unknown) => {
    if (typeof value === "string") assert.equal(value, printable(value));
    return value;
  });
  assertKeys(snapshot.processes, tableKeys.processes);
  assertKeys(snapshot.namespaces, tableKeys.namespaces);
  assertKeys(snapshot.cgroups, tableKeys.cgroups);
}

function assertKeys<Row>(rows: readonly Row[], key: (row: Row) => string): void {
  assert.equal(new Set(rows.map(key)).size, rows.length);
}

describe("a process", needsRoot, () => {
  test("may call itself what it likes, with arguments of any length", async (t) => {
    const title = "a\\033]0;owned\\007\\n\\0";
    const script = `import ctypes, os, signal
ctypes.CDLL(None).prctl(15, b"x\\033[2J\\n)\\xe2\\x80\\xae")
print(open("/proc/self/stat", "rb").read().split()[0].decode(), flush=True)
signal.pause()`;
    const { pid } = await startPlain(
      t,
      `exec python3 -c '${script}' "$(printf '${title}')" "$(printf '%4096s' x)" "$(printf '\\342\\200\\256')"`,
    );
    const snapshot = await read();
    const row = snapshot.processes.find((one) => one.pid === pid);
    assert.equal(row?.command, "x\uFFFD[2J\uFFFD)\uFFFD");
    assert.ok(row.commandLine.length <= 256);
    assertHarmless(snapshot);
  });

  test("row 32: with as many descriptors as it may have is looked at as far as that goes, and the rest is counted", async (t) => {
    // A process may have 20,000 where root lacks CAP_SYS_RESOURCE: three of them have more than 50,000.
    const script = `import os, resource, signal
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
uts = os.open("/proc/self/ns/uts", os.O_RDONLY)
for _ in range(min(hard, 50000) - 100): os.dup(0)
last = os.dup(uts)
print(os.getpid(), flush=True)
signal.pause()`;
    const hard = Number(execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }));
    const crowd = ["--uts", "python3", "-c", script];
    const pids: number[] = [];
    for (let number = 0; number < 3; number += 1) {
      const child = spawn("unshare", crowd, { stdio: ["ignore", "pipe", "inherit"] });
      t.after(() => child.kill("SIGKILL"));
      const [line] = await once(child.stdout, "data");
      pids.push(Number(String(line)));
    }
    const { host, namespaces } = await read();
    const each = Math.min(hard, 50_000) - 100 - 16_384;
    assert.ok(host.descriptorsLeftOut > each * 3, `${host.descriptorsLeftOut}`);
    for (const pid of pids) {
      const keepers = namespaces.flatMap((row) => row.keepers);
      const own = keepers.filter((keeper) => keeper.kind === "descriptor" && keeper.pid === pid);
      assert.equal(own.length, 1);
    }
  });

  test("that holds one namespace by a thousand descriptors is named 32 times, and the rest is counted", async (t) => {
    const script = `import os, signal
uts = os.open("/proc/self/ns/uts", os.O_RDONLY)
for _ in range(999): os.dup(uts)
print(os.getpid(), flush=True)
signal.pause()`;
    const child = spawn("unshare", ["--uts", "python3", "-c", script]);
    t.after(() => child.kill("SIGKILL"));
    const pid = Number(String((await once(child.stdout, "data"))[0]));
    const { processes, namespaces } = await read();
    const inode = processes.find((row) => row.pid === pid)?.namespaces.uts;
    const row = namespaces.find((one) => one.inode === inode);
    assert.equal(row?.keepers.length, 32);
    assert.equal(row.keepersLeftOut, 968);
  });

  test("cannot pass off a file as a namespace by its name", async (t) => {
    const script = `cd /tmp && touch 'net:[4026999999]' && exec 9< 'net:[4026999999]' && rm 'net:[4026999999]'
      read -r pid rest < /proc/self/stat; echo $pid; exec sleep 600`;
    await startPlain(t, script);
    const { namespaces } = await read();
    assert.ok(namespaces.every(({ inode }) => inode !== 4_026_999_999));
  });

  test("row 32: that covers its mount of a namespace by a FIFO makes nobody wait", async (t) => {
    const script = `mount -t tmpfs tmpfs /mnt && touch /mnt/lab && unshare --net=/mnt/lab true
      mkfifo /mnt/fifo && mount --bind /mnt/fifo /mnt/lab
      read -r pid rest < /proc/self/stat; echo $pid; exec sleep 600`;
    await startIsolated(t, ["--mount"], script);
    const { namespaces } = await read();
    const row = namespaces.find(({ keepers }) =>
      keepers.some((keeper) => keeper.kind === "mount" && keeper.path === "/mnt/lab"),
    );
    assert.equal(row?.type, "net");
    assert.equal(row.owner, undefined);
  });

  test("row 32: may end in the middle of a reading", async () => {
    const churn = spawn("sh", ["-c", "while :; do unshare --net --uts true & /bin/true; done"]);
    for (let round = 0; round < 10; round += 1) assert.ok((await read()).processes.length > 0);
    churn.kill("SIGKILL");
    await once(churn, "exit");
  });
});

/** A cgroup for a test, in the hierarchy where one costs least. */
function makeCgroup(t: TestContext): { readonly directory: string; readonly hierarchy: string } {
  const { hierarchies } = readCgroupMounts();
  const wanted = ["name=systemd", "pids", "unified"];
  const [mount] = wanted.flatMap((id) => hierarchies.filter((one) => one.id === id));
  assert.ok(mount);
  const directory = join(mount.mountPoint, `hostile-${process.pid}`);
  mkdirSync(directory);
  t.after(() => removeTree(directory));
  return { directory, hierarchy: mount.id };
}

function removeTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  if (existsSync(directory)) rmdirSync(directory);
}

describe("a cgroup", needsRoot, () => {
  test("may have any name: with spaces, in any script, of what steers a terminal", async (t) => {
    const { directory, hierarchy } = makeCgroup(t);
    const names = [
      "with  spaces ",
      "日本語 ünïcode",
      "a\u001b[2J\u0007",
      "a\u001b[2J\u0001",
      "x\u202Ey",
      "(deleted)",
    ];
    for (const name of names) mkdirSync(join(directory, name));
    const snapshot = await read();
    const paths = snapshot.cgroups
      .filter((row) => row.hierarchy === hierarchy && row.path.includes(`hostile-${process.pid}`))
      .map(({ path }) => path.split("/").at(-1));
    assert.deepEqual(
      new Set(paths.slice(1)),
      new Set([
        "with  spaces ",
        "日本語 ünïcode",
        "a\uFFFD[2J\uFFFD (1b 7)",
        "a\uFFFD[2J\uFFFD (1b 1)",
        "x\uFFFDy (202e)",
        "(deleted)",
      ]),
    );
    assertHarmless(snapshot);
  });

  test("has its processes counted, and they name it", async (t) => {
    const { directory, hierarchy } = makeCgroup(t);
    const { pid } = await startPlain(t);
    writeFileSync(join(directory, "cgroup.procs"), `${pid}`);
    const { cgroups, processes } = await read();
    const path = processes.find((row) => row.pid === pid)?.cgroups[hierarchy];
    const row = cgroups.find((one) => one.hierarchy === hierarchy && one.path === path);
    assert.match(`${path}`, /hostile-\d+$/);
    assert.equal(row?.processes, 1);
    writeFileSync(join(directory, "..", "cgroup.procs"), `${pid}`);
  });

  test("that was removed under a process that ended is nowhere, and no error", async (t) => {
    const { directory } = makeCgroup(t);
    const inner = join(directory, "gone");
    mkdirSync(inner);
    const script = `read -r pid rest < /proc/self/stat
      sh -c 'echo 0 > ${inner}/cgroup.procs; sleep 0.2; true' & echo $pid; exec sleep 600`;
    const { pid } = await startPlain(t, script);
    await eventually("its child is a zombie", () =>
      readTasks().tasks.some(({ parentPid, zombie }) => parentPid === pid && zombie),
    );
    rmdirSync(inner);
    const { processes } = await read();
    const zombie = processes.find(({ parentPid }) => parentPid === pid);
    assert.equal(zombie?.isZombie, true);
    assert.ok(Object.values(zombie.cgroups).every((path) => !path.includes("gone")));
  });

  test("row 32: has ten thousand beside it and is one of thirty in each other, at most: then the list is cut, and says so", (t) => {
    const { directory, hierarchy } = makeCgroup(t);
    const deep = Array.from({ length: 40 }, () => "d").join("/");
    mkdirSync(join(directory, deep), { recursive: true });
    const ours = () => {
      const tree = readCgroupTree(readCgroupMounts());
      const rows = tree.rows.filter((row) => row.hierarchy === hierarchy);
      return { cut: tree.cut, rows };
    };
    const depths = ours().rows.map(({ path }) => path.split("/").length - 1);
    assert.equal(Math.max(...depths), 32);
    assert.ok(ours().cut >= 1);
    for (let number = 0; number < 10_050; number += 1) mkdirSync(join(directory, `n${number}`));
    const { cut, rows } = ours();
    assert.equal(rows.length, 10_000);
    assert.ok(cut >= 1);
  });

  test("row 32: may come and go in the middle of a reading", async (t) => {
    const { directory } = makeCgroup(t);
    // Between two programs, so that none of them goes on when it has ended.
    const script = `trap exit TERM; while :; do mkdir -p ${directory}/a/b; rmdir ${directory}/a/b ${directory}/a; done`;
    const churn = spawn("sh", ["-c", script], { stdio: "ignore" });
    for (let round = 0; round < 20; round += 1) assert.ok((await read()).cgroups.length > 0);
    churn.kill("SIGTERM");
    await once(churn, "exit");
  });
});
