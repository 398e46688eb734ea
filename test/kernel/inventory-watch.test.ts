import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { findNone } from "../../helper/inventory/snapshot.ts";
import { Inventory } from "../../helper/inventory/watch/watch.ts";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import type { HostProcess } from "../../helper/protocol/hostTables.ts";
import { watchedTableNames } from "../../helper/protocol/inventoryChanges.ts";
import { needsRoot, startIsolated, startPlain } from "./isolated.ts";
import { childPrograms, Held, linkOf, tellsOfProcesses } from "./watching.ts";

interface Options {
  readonly directory?: string;
  readonly sandboxes?: (processes: readonly HostProcess[]) => Promise<readonly never[]>;
}

function open({ directory = "/proc/self/nothing", sandboxes }: Options = {}): Inventory {
  return new Inventory({
    containers: { find: findNone, enrich: async () => false, follow: () => () => undefined },
    directories: () => [directory, ...entriesOf(directory)],
    sandboxes: sandboxes ?? (async () => []),
  });
}

function entriesOf(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
}

function watcher(t: TestContext, inventory = open()): Held {
  const watch = inventory.watch(async (change) => held.take(change));
  const held: Held = new Held((tables) => watch.set(tables));
  t.after(() => watch.dispose());
  return held;
}

async function until(condition: () => unknown): Promise<void> {
  for (let attempt = 0; !condition() && attempt < 1_000; attempt += 1) await sleep(10);
  assert.ok(condition(), "it did not happen");
}

function descriptors(kind: string): number {
  return readdirSync("/proc/self/fd").filter((fd) => linkOf(`/proc/self/fd/${fd}`) === kind).length;
}

function readState(sandbox: string): string {
  const record = join(sandbox, "record");
  return existsSync(record) ? readFileSync(record, "utf8") : "";
}

/** Where cgroups can be made. */
function cgroupParent(): { readonly id: string; readonly directory: string } {
  const { hierarchies } = readCgroupMounts();
  const found = hierarchies.find(({ version }) => version === 2) ?? hierarchies[0];
  assert.ok(found);
  return { id: found.id, directory: found.mountPoint };
}

describe("a client that watches", () => {
  test("is told first of the whole, with the facts of the host", async (t) => {
    const held = watcher(t);
    await held.watch(...watchedTableNames);
    await until(() => held.inventory.tables.sandboxes);
    const [first] = held.changes;
    assert.ok(first?.host);
    assert.deepEqual(Object.keys(first.tables), [
      "processes",
      "namespaces",
      "cgroups",
      "containers",
    ]);
    for (const change of Object.values(first.tables)) assert.equal(change.since, 0);
    assert.ok(held.process(process.pid));
  });

  test("is told of nothing that it does not watch", async (t) => {
    const held = watcher(t);
    await held.watch("namespaces");
    await until(() => held.rows("namespaces").size > 0);
    await startIsolated(t, ["--user", "--uts"]);
    await until(() => held.changes.length > 1);
    for (const { tables } of held.changes) assert.deepEqual(Object.keys(tables), ["namespaces"]);
  });

  test("is told of a process that begins, and of one that is gone", async (t) => {
    const held = watcher(t);
    await held.watch("processes");
    await until(() => held.rows("processes").size > 0);
    const { pid, end } = await startPlain(t);
    await until(() => held.process(pid));
    await end();
    await until(() => !held.process(pid));
  });

  test("is told of a namespace, and that it is gone", needsRoot, async (t) => {
    const held = watcher(t);
    await held.watch("processes", "namespaces");
    await until(() => held.rows("namespaces").size > 0);
    const { pid, end } = await startIsolated(t, ["--user", "--uts"]);
    await until(() => held.process(pid)?.namespaces.user);
    const inode = held.process(pid)?.namespaces.uts;
    const hasIt = () => held.rows("namespaces").has(`uts:${inode}`);
    await until(hasIt);
    await end();
    await until(() => !hasIt());
  });

  test("goes on from where it is when it looks at one more table", async (t) => {
    const held = watcher(t);
    await held.watch("processes");
    await until(() => held.rows("processes").size > 0);
    await held.watch("processes", "cgroups");
    await until(() => held.inventory.tables.cgroups);
    const wholes = held.changes.filter(({ tables }) => tables.processes?.since === 0);
    assert.equal(wholes.length, 1);
  });

  test("that has another generation than it was told is told the whole", async (t) => {
    const inventory = open();
    const held = watcher(t, inventory);
    await held.watch("processes");
    await until(() => held.rows("processes").size > 0);
    held.inventory = {
      ...held.inventory,
      tables: { processes: { rows: new Map(), generation: 1_000_000 } },
    };
    await held.watch("processes");
    await until(() => held.process(process.pid));
    assert.equal(held.changes.at(-1)?.tables.processes?.since, 0);
  });
});

describe("cgroups", needsRoot, () => {
  test("appear, are populated, and go", async (t) => {
    const { id, directory } = cgroupParent();
    const held = watcher(t);
    await held.watch("cgroups", "processes");
    await until(() => held.rows("cgroups").size > 0);
    const name = `watched-${process.pid}`;
    const key = `${id}:/${name}/below`;
    const path = join(directory, name, "below");
    const remove = () => {
      rmdirSync(path);
      rmdirSync(join(directory, name));
    };
    mkdirSync(path, { recursive: true });
    t.after(() => {
      try {
        remove();
      } catch {
        // The test has.
      }
    });
    await until(() => held.rows("cgroups").has(key));
    const { pid, end } = await startPlain(t);
    writeFileSync(join(path, "cgroup.procs"), `${pid}`);
    await until(() => held.rows("cgroups").get(key)?.processes === 1);
    assert.equal(held.process(pid)?.cgroups[id], `/${name}/below`);
    await end();
    await until(() => held.rows("cgroups").get(key)?.processes === 0);
    remove();
    await until(() => !held.rows("cgroups").has(key));
  });

  test("that freeze say so", async (t) => {
    const freezer = readCgroupMounts().hierarchies.find(
      ({ version, controllers }) => version === 2 || controllers.includes("freezer"),
    );
    assert.ok(freezer);
    const [file, frozen] =
      freezer.version === 2 ? ["cgroup.freeze", "1"] : ["freezer.state", "FROZEN"];
    const name = `freezing-${process.pid}`;
    const directory = join(freezer.mountPoint, name);
    const held = watcher(t);
    await held.watch("cgroups");
    await until(() => held.rows("cgroups").size > 0);
    mkdirSync(directory);
    t.after(() => rmdirSync(directory));
    const key = `${freezer.id}:/${name}`;
    await until(() => held.rows("cgroups").has(key));
    writeFileSync(join(directory, file), frozen);
    await until(() => held.rows("cgroups").get(key)?.isFrozen);
  });
});

describe("the kernel's events", needsRoot, () => {
  test("tell of processes at once", async (t) => {
    if (!(await tellsOfProcesses(t))) {
      return t.skip("the kernel tells of processes in its first namespaces only");
    }
    const held = watcher(t);
    await held.watch("processes");
    await until(() => held.inventory.host?.processEvents);
    // Each is waited for: without the events, of which the next look at everything is not one, this would take a
    // minute, and `until` waits ten seconds.
    const started = performance.now();
    for (let round = 0; round < 12; round += 1) {
      const { pid, end } = await startPlain(t, 'echo "$$"; exec sleep 600');
      await until(() => held.process(pid)?.commandLine === "sleep 600");
      await end();
      await until(() => !held.process(pid));
    }
    t.diagnostic(`12 beginnings and ends: ${Math.round(performance.now() - started)} ms`);
  });

  test("tell of a program that executes itself with other arguments", async (t) => {
    if (!(await tellsOfProcesses(t))) return t.skip("the kernel does not tell of processes here");
    const held = watcher(t);
    await held.watch("processes");
    await until(() => held.inventory.host?.processEvents);
    const script = 'echo "$$"; read -r line; exec sh -c "read -r line # second"';
    const child = spawn("sh", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(child, "exit");
    t.after(() => child.kill("SIGKILL"));
    await once(child.stdout, "data");
    await until(() => held.process(child.pid ?? 0)?.commandLine.includes("exec"));
    child.stdin.write("\n");
    await until(() => held.process(child.pid ?? 0)?.commandLine.endsWith("# second"));
    child.stdin.end("\n");
    await ended;
    await until(() => !held.process(child.pid ?? 0));
  });

  test("tell of namespaces that bind mounts keep", async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "terrarium-pinned-"));
    const names = ["first", "second", "third"];
    t.after(() => {
      execFileSync("umount", ["--quiet", ...names.map((name) => join(directory, name))]);
      rmSync(directory, { recursive: true });
    });
    const held = watcher(t);
    await held.watch("namespaces");
    await until(() => held.rows("namespaces").size > 0);
    // The first may be found by the first look; the next one without an event is ten seconds later.
    for (const name of names) {
      const file = join(directory, name);
      writeFileSync(file, "");
      execFileSync("unshare", [`--uts=${file}`, "true"]);
      await until(() => pinnedAt(held, file)?.type === "uts");
    }
  });
});

function pinnedAt(held: Held, file: string) {
  return [...held.rows("namespaces").values()].find(({ keepers }) =>
    keepers.some((keeper) => keeper.kind === "mount" && keeper.path === file),
  );
}

describe("nobody watches:", () => {
  const nothing = () => ({
    programs: childPrograms().filter((path) => path.endsWith("/follow")),
    watches: process.getActiveResourcesInfo().filter((kind) => kind === "FSEventWrap"),
    // libuv keeps one inotify descriptor for a whole process.
    inotify: descriptors("anon_inode:inotify") <= 1,
  });

  test("nothing runs, is open or is read", async () => {
    let reads = 0;
    const inventory = open({
      sandboxes: async () => {
        reads += 1;
        return [];
      },
    });
    const watch = inventory.watch(async () => undefined);
    await sleep(50);
    assert.deepEqual(nothing(), { programs: [], watches: [], inotify: true });
    watch.set({ sandboxes: 0 });
    await until(() => reads > 0);
    assert.equal(nothing().programs.length, 1);
    watch.set({});
    await until(() => nothing().programs.length === 0);
    const before = reads;
    await sleep(2_500);
    assert.equal(reads, before);
    assert.deepEqual(nothing(), { programs: [], watches: [], inotify: true });
  });

  test("the last of two clients has left", async (t) => {
    const inventory = open();
    const [one, other] = [watcher(t, inventory), watcher(t, inventory)];
    await one.watch("processes");
    await other.watch("cgroups");
    await until(() => one.rows("processes").size > 0 && other.rows("cgroups").size > 0);
    assert.equal(nothing().programs.length, 1);
    await one.watch();
    assert.equal(nothing().programs.length, 1);
    await other.watch();
    await until(() => nothing().programs.length === 0);
  });
});

describe("sandboxes", () => {
  test("are read again when a file of the registry appears", async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "terrarium-watch-"));
    t.after(() => rmSync(directory, { recursive: true }));
    let reads = 0;
    const inventory = open({
      directory,
      sandboxes: async () => {
        reads += 1;
        return [];
      },
    });
    await watcher(t, inventory).watch("sandboxes");
    await until(() => reads > 0);
    // Each is seen: by the timer alone that would be twenty seconds, and `until` waits ten.
    for (let round = 0; round < 10; round += 1) {
      const before = reads;
      mkdirSync(join(directory, `${round}`));
      await until(() => reads > before);
    }
  });

  test("are read again when a record in the registry is replaced", async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "terrarium-watch-"));
    t.after(() => rmSync(directory, { recursive: true }));
    const sandbox = join(directory, "tides");
    const states: string[] = [];
    const inventory = open({
      directory,
      sandboxes: async () => {
        states.push(readState(sandbox));
        return [];
      },
    });
    await watcher(t, inventory).watch("sandboxes");
    await until(() => states.length > 0);
    mkdirSync(sandbox);
    for (const state of ["creating", "running", "exited"]) {
      writeFileSync(join(sandbox, "new"), state);
      renameSync(join(sandbox, "new"), join(sandbox, "record"));
      await until(() => states.includes(state));
    }
  });

  test("that cannot be read cost their own table only, and are tried again", async (t) => {
    let failures = 0;
    const inventory = open({
      sandboxes: async () => {
        failures += 1;
        if (failures < 3) throw new Error("no");
        return [];
      },
    });
    const held = watcher(t, inventory);
    await held.watch("sandboxes", "processes");
    await until(() => held.rows("processes").size > 0);
    await until(() => held.inventory.tables.sandboxes);
    assert.equal(failures, 3);
  });
});
