import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, test } from "node:test";
import type {
  ComparedGroup,
  Comparison,
  ComparisonGroup,
} from "../../helper/protocol/comparison.ts";
import type { ProcessDetails } from "../../helper/protocol/inventory.ts";
import { type Cleanup, eventually, inspect, json, startSandbox, terrarium } from "./cli.ts";
import { needsRoot } from "./isolated.ts";

/** Its own network, host name and message queues; one setting of each is another one. */
const changes = [
  "echo 4321 > /proc/sys/net/ipv4/tcp_fin_timeout",
  "echo tide-gate > /proc/sys/kernel/hostname",
  "echo 12345 > /proc/sys/kernel/msgmax",
  "exec sleep 600",
].join(" && ");

describe("terrarium diff", needsRoot, () => {
  test("says what a sandbox has that the shell beside it has not", async (t) => {
    const { name } = await startSandbox(t, ["-m", "64m"], ["sleep", "600"]);
    const comparison = await json<Comparison>(["diff", `${process.pid}`, name]);
    assert.equal(comparison.left.process.pid, process.pid);
    assert.equal(comparison.right.sandbox, name);
    assert.deepEqual(namesOf(comparison, "namespaces").sort(), [
      ...["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"],
    ]);
    const [memory] = groupOf(comparison, "limits").differences.filter(
      ({ name: limit }) => limit === "Memory",
    );
    assert.equal(memory?.right, "64 MB");
    const privileges = groupOf(comparison, "privileges").differences;
    assert.equal(rightOf(privileges, "no_new_privs"), "set");
    assert.match(rightOf(privileges, "seccomp") ?? "", /^filter/);
    assert.ok(namesOf(comparison, "mounts").length > 3);
    assert.ok(namesOf(comparison, "cgroups").length > 0);
  });

  test("reads the settings of namespaces in them, and tells those that were changed", async (t) => {
    const pid = start(t, ["unshare", "-n", "-u", "-i", "sh", "-c", changes]);
    await eventually("the settings to be changed", () => isRunning(pid, "sleep"));
    const comparison = await json<Comparison>(["diff", `${process.pid}`, `${pid}`]);
    const { differences, notKnown } = groupOf(comparison, "sysctls");
    assert.equal(notKnown, undefined);
    assert.equal(rightOf(differences, "net.ipv4.tcp_fin_timeout"), "4321");
    assert.equal(rightOf(differences, "kernel.hostname"), "tide-gate");
    assert.equal(rightOf(differences, "kernel.msgmax"), "12345");
  });

  test("tells variables that differ, and a secret's value only when asked", async (t) => {
    const pid = start(t, ["env", "TIDE=low", "TIDE_TOKEN=moon", "sleep", "600"]);
    await eventually("env to become sleep", () => isRunning(pid, "sleep"));
    const words = ["diff", `${process.pid}`, `${pid}`];
    const { differences } = groupOf(await json<Comparison>(words), "environment");
    assert.equal(rightOf(differences, "TIDE"), "low");
    assert.equal(rightOf(differences, "TIDE_TOKEN"), "set, not shown");
    const all = groupOf(await json<Comparison>([...words, "--env"]), "environment");
    assert.equal(rightOf(all.differences, "TIDE_TOKEN"), "moon");
    const { stdout } = await terrarium.run(words);
    assert.match(stdout, /^ {2}TIDE +< none +> low$/m);
    assert.ok(!stdout.includes("moon"));
  });

  test("finds no difference between a process and itself", async () => {
    const { groups } = await json<Comparison>(["diff", `${process.pid}`, `${process.pid}`]);
    for (const { group, differences, notKnown } of groups) {
      assert.deepEqual([group, differences, notKnown], [group, [], undefined]);
    }
  });

  test("wants two, and says which of them is not there", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    for (const [words, sentence] of [
      [["diff"], /two processes or sandboxes are compared/],
      [["diff", name], /two processes or sandboxes are compared/],
      [["diff", name, "1", "2"], /"2" is one word too many/],
      [["diff", name, "nobody"], /There is no sandbox "nobody"/],
      [["diff", name, "4194303"], /process 4194303/],
    ] as const) {
      const ran = await terrarium.run(words);
      assert.equal(ran.code, 125, words.join(" "));
      assert.match(ran.stderr, sentence);
    }
  });

  test("names a sandbox by its command, and not by our init", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const { right } = await json<Comparison>(["diff", `${process.pid}`, name]);
    const { processes } = await inspect(name);
    assert.equal(right.process.command, "sleep");
    assert.ok(processes.some(({ pid }) => pid === right.process.pid));
  });
});

function groupOf({ groups }: Comparison, group: ComparisonGroup): ComparedGroup {
  const found = groups.find((one) => one.group === group);
  assert.ok(found);
  return found;
}

function namesOf(comparison: Comparison, group: ComparisonGroup): string[] {
  return groupOf(comparison, group).differences.map(({ name }) => name);
}

function rightOf(differences: ComparedGroup["differences"], name: string): string | undefined {
  return differences.find((one) => one.name === name)?.right;
}

/** Runs until the test is over; unshare and sh become what they run. */
function start(t: Cleanup, [program = "", ...words]: readonly string[]): number {
  const { pid } = spawn(program, words, { stdio: "ignore" });
  assert.ok(pid !== undefined);
  t.after(() => void process.kill(pid, "SIGKILL"));
  return pid;
}

/** It has become the program that it was to run. */
async function isRunning(pid: number, command: string): Promise<boolean> {
  return (await json<ProcessDetails>(["inspect", `${pid}`])).command === command;
}
