import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { commandLineOf } from "../../helper/inventory/commandLines.ts";
import {
  prepareTasks,
  readTasks,
  type Task,
  type TaskTable,
} from "../../helper/inventory/tasks.ts";
import { readStat } from "../../helper/kernel/procfs.ts";
import { readProcTasks } from "../../helper/kernel/procTasks.ts";
import { namespaceTypes } from "../../helper/protocol/namespaces.ts";
import { makeTemporaryFolder } from "../rig/cache.ts";
import { checkout } from "../rig/prepare.mjs";
import { type BothSources, readBothSources } from "./both-sources.ts";
import { eventually } from "./cli.ts";
import { becomeStranger, needsRoot, startIsolated, startPlain } from "./isolated.ts";
import { startNamespaceHost } from "./namespaceHost.ts";

/** Why the iterator cannot be had here; undefined where it can. */
const prepared = await prepareTasks();
const lacksIterator = prepared.source === "proc" ? prepared.why : undefined;
const needsIterator = { skip: needsRoot.skip || (lacksIterator ?? false) };

/** The rows of a busy machine as JSON. */
const large = { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 } as const;

const sources = { bpf: readTasks, proc: readProcTasks } as const;

function find(table: TaskTable, pid: number): Task | undefined {
  return table.tasks.find((task) => task.pid === pid);
}

async function buildProgram(t: TestContext, source: string): Promise<string> {
  const folder = await makeTemporaryFolder("tasks");
  t.after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, "program");
  const options = ["-O1", "-static", "-pthread", "-o", program];
  execFileSync("gcc", [...options, join(checkout, "test", source)]);
  return program;
}

/** Waits until it says "ready". It ends with the test. */
async function startProgram(t: TestContext, source: string, args: readonly string[] = []) {
  const program = await buildProgram(t, source);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => end(child));
  await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
  assert.equal(child.exitCode, null);
}

/** Its script tells its pid before it becomes what it is. */
async function untilCalled(pid: number, command: string): Promise<void> {
  await eventually(command, () => find(readProcTasks(), pid)?.command === command);
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  if (child.exitCode === null) await ended;
}

function assertSame({ iterator, proc, namespaces }: BothSources, atLeast: number): void {
  assert.deepEqual([iterator.source, proc.source], ["bpf", "proc"]);
  assert.ok(iterator.tasks.length >= atLeast, `${iterator.tasks.length} processes`);
  assert.equal(proc.tasks.length, iterator.tasks.length);
  const pairs = iterator.tasks.map((task, place) => [task, proc.tasks[place]] as const);
  const different = pairs.filter(([one, other]) => !isDeepStrictEqual(one, other));
  // A few are enough to see what is wrong; to word the difference of thousands takes a minute.
  assert.deepEqual(different.slice(0, 3), []);
  assert.deepEqual(proc.threads, iterator.threads);
  assertSameNamespaces(namespaces);
}

function assertSameNamespaces({ told, asked }: BothSources["namespaces"]): void {
  const answers = new Map(asked.map((row) => [row.inode, row]));
  const different = told.filter((row) => !isDeepStrictEqual(row, answers.get(row.inode)));
  assert.deepEqual(
    different.slice(0, 3),
    different.slice(0, 3).map(({ inode }) => answers.get(inode)),
  );
  assert.equal(told.length, asked.length);
}

/** Without the cgroups that /proc cannot name in a cgroup namespace, for they lie outside of it. */
function onlyNamedCgroups({ iterator, proc, namespaces }: BothSources): BothSources {
  const named = new Map(proc.tasks.map(({ pid, cgroupIds }) => [pid, Object.keys(cgroupIds)]));
  const tasks = iterator.tasks.map((task) => {
    const entries = Object.entries(task.cgroupIds);
    const kept = entries.filter(([hierarchy]) => named.get(task.pid)?.includes(hierarchy));
    return { ...task, cgroupIds: Object.fromEntries(kept) };
  });
  return { iterator: { ...iterator, tasks }, proc, namespaces };
}

describe("both sources tell the same", needsIterator, () => {
  test("of three hundred processes in sets of all eight namespaces", async (t) => {
    await startProgram(t, "bench/namespaces.c", ["300", "30"]);
    assertSame(await readBothSources(), 300);
  });

  test("of 200 namespaces of all types, also of those above that no process is in", async (t) => {
    await startNamespaceHost(t, 25);
    const { iterator, namespaces } = await readBothSources();
    assertSameNamespaces(namespaces);
    // Nothing of these was left to ask: each has a process in it, or is above one that has.
    const untold = namespaces.told.filter(({ inode }) => !iterator.told?.has(inode));
    assert.deepEqual(untold, []);
    assert.ok(namespaces.told.length >= 200, `${namespaces.told.length}`);
    const members = new Set(iterator.tasks.flatMap((task) => Object.values(task.namespaces)));
    assert.ok(namespaces.told.some(({ inode, type }) => type === "user" && !members.has(inode)));
  });

  test("of processes of odd kinds", async (t) => {
    await startProgram(t, "kernel/odd-processes.c");
    const both = await readBothSources();
    assertSame(both, 15);
    const { tasks, threads } = both.iterator;
    const commands = tasks.map(({ command }) => command);
    for (const name of ["a\uFFFDb\\c", "\uFFFD[31mred", ") S 1 2 (", "Uid:\uFFFD7\uFFFD7", " "]) {
      assert.ok(commands.includes(name), JSON.stringify(name));
    }
    assert.ok(tasks.some(({ uid }) => uid === 65_532));
    assert.ok(tasks.some(({ nestedPids }) => nestedPids.length >= 4));
    // Two of be_threads and the one that be_headless has left, none of those that only unshared their files.
    assert.equal(threads.length, 3);
    const zombies = tasks.filter(({ zombie }) => zombie);
    assert.ok(zombies.some(({ pid }) => threads.some((thread) => thread.pid === pid)));
    for (const { namespaces } of zombies)
      assert.deepEqual([namespaces.mnt, namespaces.net], [0, 0]);
  });

  /** As the jars of a helper that is in a container itself. */
  const places = {
    "a pid namespace of its own": ["--pid", "--fork", "--kill-child", "--mount-proc"],
    "a time namespace of its own": ["--time", "--boottime", "5000", "--fork", "--kill-child"],
    "a cgroup namespace of its own": ["--cgroup"],
  } as const;
  for (const [place, flags] of Object.entries(places)) {
    test(`to a reader in ${place}`, async (t) => {
      await startProgram(t, "kernel/odd-processes.c");
      const reader = [process.execPath, join(checkout, "test/kernel/both-sources.ts")];
      const script = `unshare --user --map-root-user --pid --fork --kill-child sleep 60 & sleep 0.3; "$@"; kill -9 $!`;
      const words = [...flags, "--", "sh", "-c", script, "sh", ...reader];
      const both: BothSources = JSON.parse(execFileSync("unshare", words, large));
      assertSame(onlyNamedCgroups(both), 3);
      assert.ok(both.iterator.tasks.some(({ nestedPids }) => nestedPids.length > 1));
    });
  }
});

describe("each source", needsIterator, () => {
  for (const [name, read] of Object.entries(sources)) {
    test(`${name} tells what a process is in, and who it is`, async (t) => {
      const flags = ["--user", "--pid", "--mount", "--net", "--uts", "--ipc", "--cgroup", "--time"];
      const { pid } = await startIsolated(t, [...flags, "--fork", "--kill-child"]);
      await untilCalled(pid, "sleep");
      const [own, task] = [find(read(), process.pid), find(read(), pid)];
      assert.ok(own && task);
      for (const type of namespaceTypes) {
        assert.ok(task.namespaces[type] > 0, type);
        assert.notEqual(task.namespaces[type], own.namespaces[type], type);
      }
      assert.deepEqual(task.nestedPids, [pid, 1]);
      assert.deepEqual([task.command, task.zombie, task.kernelThread], ["sleep", false, false]);
      assert.equal(task.uid, process.geteuid?.());
      assert.notDeepEqual(own.cgroupIds, {});
    });

    test(`${name} survives five thousand processes that come and go meanwhile`, async (t) => {
      const churn = spawn(await buildProgram(t, "kernel/churn.c"), ["5000"], { stdio: "inherit" });
      const ended = once(churn, "exit");
      let readings = 0;
      while (churn.exitCode === null) {
        for (const { pid, namespaces, zombie } of read().tasks) {
          // The machine's PID 1 may be one that even root may not look at.
          assert.ok(pid === 1 || namespaces.pid > 0, `${pid}`);
          assert.ok(pid === 1 || zombie || namespaces.mnt > 0, `${pid}`);
        }
        readings += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.deepEqual(await ended, [0, null]);
      assert.ok(readings > 1);
    });

    test(`${name} opens nothing that it does not close`, () => {
      read();
      const open = readdirSync("/proc/self/fd").length;
      for (let round = 0; round < 5; round += 1) read();
      assert.equal(readdirSync("/proc/self/fd").length, open);
    });
  }
});

test("the iterator tells of processes that /proc denies", needsIterator, async (t) => {
  const { pid } = await startPlain(t);
  const script = `
    const { prepareTasks, readTasks } = await import(process.argv[1]);
    const { readProcTasks } = await import(process.argv[2]);
    await prepareTasks();
    const namespaces = ({ tasks }) => tasks.find((task) => task.pid === ${pid}).namespaces;
    console.log(JSON.stringify([namespaces(readTasks()), namespaces(readProcTasks())]));`;
  const modules = ["inventory/tasks.ts", "kernel/procTasks.ts"];
  const paths = modules.map((name) => join(checkout, "helper", name));
  const node = [process.execPath, "--input-type=module", "-e", script, ...paths];
  // Root with fewer capabilities than the process has: ptrace(2), PTRACE_MODE_READ.
  const words = ["--bounding-set", "-sys_ptrace", ...node];
  const [told, denied] = JSON.parse(execFileSync("setpriv", words, { encoding: "utf8" }));
  for (const type of namespaceTypes) {
    assert.ok(told[type] > 0, type);
    assert.equal(denied[type], 0, type);
  }
});

describe("without the iterator", () => {
  /** Tells the source, and why not the other. */
  const tell = `
    const { prepareTasks, readTasks } = await import(process.argv[1]);
    BECOME
    const prepared = await prepareTasks();
    console.log(JSON.stringify({ ...prepared, used: readTasks().source }));`;

  function ask(become: string, before: readonly string[] = []) {
    const module = join(checkout, "helper/inventory/tasks.ts");
    const script = tell.replace("BECOME", become);
    const node = [process.execPath, "--input-type=module", "-e", script, module];
    const [program = "", ...words] = [...before, ...node];
    return JSON.parse(execFileSync(program, words, { encoding: "utf8" }));
  }

  test("an ordinary user reads /proc, and is told why", needsRoot, () => {
    const { source, used, why } = ask(becomeStranger);
    assert.deepEqual([source, used], ["proc", "proc"]);
    // Or it may not even look into the checkout.
    assert.match(why, /bpf: EPERM; it takes root|EACCES/);
  });

  /** Behind an empty directory in the place of another. */
  function askWithout(directory: string) {
    const hide = `mount -t tmpfs none ${directory} && exec "$@"`;
    return ask("", ["unshare", "--mount", "sh", "-c", hide, "sh"]);
  }

  test("so is who has a kernel that tells nothing of its types", needsIterator, () => {
    const { used, why } = askWithout("/sys/kernel/btf");
    assert.equal(used, "proc");
    assert.match(why, /access \/sys\/kernel\/btf\/vmlinux: ENOENT; .*CONFIG_DEBUG_INFO_BTF/);
  });

  test("so is who has a build without the loader", needsRoot, () => {
    const { used, why } = askWithout(join(checkout, "dist/native"));
    assert.deepEqual(
      [used, why],
      ["proc", "this build has no loader: it was made without clang or libbpf"],
    );
  });

  test("processes whose namespaces are not for the reader to see are counted", needsRoot, () => {
    const script = `
      const { readProcTasks } = await import(process.argv[1]);
      ${becomeStranger}
      const { tasks, denied } = readProcTasks();
      const unknown = tasks.filter(({ namespaces }) => namespaces.pid === 0);
      console.log(JSON.stringify({ denied, unknown: unknown.length, tasks: tasks.length }));`;
    const module = join(checkout, "helper/kernel/procTasks.ts");
    const words = ["--input-type=module", "-e", script, module];
    const told = JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8" }));
    assert.ok(told.denied > 0 && told.denied < told.tasks);
    assert.equal(told.unknown, told.denied);
  });
});

describe("a process that /proc has told of before", needsRoot, () => {
  test("is in another namespace, and another user's, as soon as it has made that so", async (t) => {
    const becomes =
      "exec unshare --net setpriv --reuid=65534 --regid=65534 --clear-groups sleep 600";
    const shell = spawn("sh", ["-c", `read word; ${becomes}`], {
      stdio: ["pipe", "inherit", "inherit"],
    });
    t.after(() => end(shell));
    const { pid = 0 } = shell;
    await untilCalled(pid, "sh");
    // While it waits: the second look is the first that another one is compared with.
    const [, , before] = [1, 2, 3].map(() => find(readProcTasks(), pid));
    shell.stdin.end("go\n");
    // Nobody looks while it runs.
    await eventually("asleep", () => {
      const stat = readStat(pid);
      return stat?.command === "sleep" && stat.state === "S";
    });
    const after = find(readProcTasks(), pid);
    assert.ok(before && after);
    assert.equal(after.startTimeTicks, before.startTimeTicks);
    assert.deepEqual([before.uid, after.uid], [process.getuid?.(), 65_534]);
    assert.notEqual(after.namespaces.net, before.namespaces.net);
    assert.deepEqual({ ...after.namespaces, net: 0 }, { ...before.namespaces, net: 0 });
  });
});

describe("the command line of a process", () => {
  test("is read when it is asked for, as one printable line", async (t) => {
    const { pid } = await startPlain(t);
    await untilCalled(pid, "sleep");
    const task = find(readProcTasks(), pid);
    assert.ok(task);
    assert.equal(commandLineOf(task), "sleep 600");
  });

  test("is empty for one that has ended", () => {
    const task = {
      pid: 2 ** 22,
      startTimeTicks: 1,
      command: "gone",
      kernelThread: false,
      zombie: false,
    };
    assert.equal(commandLineOf(task), "");
  });
});
