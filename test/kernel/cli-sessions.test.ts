import assert from "node:assert/strict";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { eventually, inspect, startSandbox, terrarium } from "./cli.ts";
import { needsRoot, startIsolated, startPlain } from "./isolated.ts";
import { assertNothingLeft, takeInventory } from "./leftovers.ts";

describe("enter", needsRoot, () => {
  test("a sandbox by its name: its host name, its processes, its confinement", async (t) => {
    const { name } = await startSandbox(t, ["--hostname", "jar"], ["sleep", "600"]);
    const { stdout } = await terrarium.run([
      "enter",
      name,
      "--",
      "sh",
      "-c",
      "hostname; cat /proc/1/comm; grep NoNewPrivs /proc/self/status",
    ]);
    assert.equal(stdout, "jar\nterrarium-init\nNoNewPrivs:\t1\n");
  });

  test("any process by its pid: all of its namespaces", async (t) => {
    const { pid } = await startIsolated(t, ["--uts", "--ipc"]);
    const { stdout, code } = await terrarium.run([
      "enter",
      `${pid}`,
      "--",
      "readlink",
      "/proc/self/ns/uts",
    ]);
    assert.equal(code, 0);
    assert.equal(stdout, `${readlinkSync(`/proc/${pid}/ns/uts`)}\n`);
  });

  test("only the namespaces that were asked for", async (t) => {
    const { pid } = await startIsolated(t, ["--uts", "--ipc"]);
    const ran = await terrarium.run([
      "enter",
      `${pid}`,
      "--only",
      "ipc",
      "--",
      "readlink",
      "/proc/self/ns/ipc",
      "/proc/self/ns/uts",
    ]);
    const links = [`/proc/${pid}/ns/ipc`, "/proc/self/ns/uts"].map((path) => readlinkSync(path));
    assert.equal(ran.stdout, `${links.join("\n")}\n`);
  });

  test("the files of a sandbox: as the sandbox's user, whose start-up files they are, and never as root", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const [main] = (await inspect(name)).processes.slice(-1);
    const { stdout } = await terrarium.run([
      ...["enter", `${main?.pid}`, "--only", "mnt", "--"],
      ...["setpriv", "--dump"],
    ]);
    assert.match(stdout, /^no_new_privs: 1$/m);
    assert.match(stdout, /^Capability bounding set: /m);
    assert.doesNotMatch(stdout, /sys_admin/);
  });

  test("passes the exit code and the input on", async (t) => {
    const { pid } = await startIsolated(t, ["--uts"]);
    const ran = await terrarium.run(["enter", `${pid}`, "--", "sh", "-c", "cat; exit 9"], {
      input: "in\n",
    });
    assert.deepEqual([ran.code, ran.stdout], [9, "in\n"]);
  });

  test("a process that shares everything with us is refused: there is nothing to enter", async (t) => {
    const { pid } = await startPlain(t);
    const { code, stderr } = await terrarium.run(["enter", `${pid}`, "--", "true"]);
    assert.equal(code, 125);
    assert.match(stderr, /shares every namespace with you/);
  });
});

describe("exec", needsRoot, () => {
  test("has the command's exit code, 127 and 126 too", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const codes: number[] = [];
    for (const command of [["sh", "-c", "exit 5"], ["no-such-command"], ["/etc/passwd"]]) {
      codes.push((await terrarium.run(["exec", name, "--", ...command])).code);
    }
    assert.deepEqual(codes, [5, 127, 126]);
  });

  test("sets variables and the working directory, and keeps those of the sandbox", async (t) => {
    const { name } = await startSandbox(t, ["-e", "A=1", "-w", "/usr"], ["sleep", "600"]);
    const script = 'echo "$A $B $(pwd)"';
    const ran = await terrarium.run(["exec", "-e", "B=2", name, "--", "sh", "-c", script]);
    assert.equal(ran.stdout, "1 2 /usr\n");
    const elsewhere = await terrarium.run(["exec", "-w", "/etc", name, "--", "pwd"]);
    assert.equal(elsewhere.stdout, "/etc\n");
  });

  test("is confined as the sandbox is: no new privileges, a filter, its capabilities", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const { processes } = await inspect(name);
    const lines = (text: string) => text.match(/^(Cap...|NoNewPrivs|Seccomp):.*$/gm);
    const status = ["cat", "/proc/self/status"];
    const { stdout } = await terrarium.run(["exec", name, "--", ...status]);
    const command = readFileSync(`/proc/${processes.at(-1)?.pid}/status`, "utf8");
    assert.equal(lines(command)?.length, 7);
    assert.deepEqual(lines(stdout), lines(command));
  });

  test("works where the command is PID 1 and does not wait for its children", async (t) => {
    const script = "sleep 0 & exec sleep 600";
    const { name } = await startSandbox(t, ["--no-init"], ["sh", "-c", script]);
    await eventually("sleep is PID 1", async () =>
      (await inspect(name)).processes[0]?.commandLine.startsWith("sleep 600"),
    );
    const { code, stdout } = await terrarium.run(["exec", name, "--", "echo", "in"]);
    assert.deepEqual([code, stdout], [0, "in\n"]);
    assert.ok((await inspect(name)).mounts.length > 0);
  });

  test("-d leaves it running in the sandbox, in the same cgroups, until the sandbox ends", async (t) => {
    const before = takeInventory();
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    assert.equal((await terrarium.run(["exec", "-d", name, "--", "sleep", "4711"])).code, 0);
    const { processes } = await inspect(name);
    const [main, extra] = ["sleep 600", "sleep 4711"].map((line) =>
      processes.find(({ commandLine }) => commandLine === line),
    );
    assert.ok(main && extra);
    const cgroups = (pid: number) => readFileSync(`/proc/${pid}/cgroup`, "utf8");
    assert.equal(cgroups(extra.pid), cgroups(main.pid));
    assert.equal((await terrarium.run(["rm", "-f", name])).code, 0);
    assert.ok(!existsSync(`/proc/${extra.pid}/ns/pid`));
    await assertNothingLeft(before);
  });
});

describe("stop and rm", needsRoot, () => {
  test("stop lets the command end by itself", async (t) => {
    const { name } = await startSandbox(
      t,
      [],
      ["sh", "-c", "trap 'exit 4' TERM; while :; do sleep 0.1; done"],
    );
    assert.equal((await terrarium.run(["stop", name])).code, 0);
    assert.equal((await inspect(name)).exitCode, 4);
  });

  test("stop kills what does not listen", async (t) => {
    const { name } = await startSandbox(t, [], ["sh", "-c", "trap '' TERM HUP; sleep 600"]);
    assert.equal((await terrarium.run(["stop", "--time", "0", name])).code, 0);
    assert.equal((await inspect(name)).exitSignal, "SIGKILL");
  });

  test("rm refuses what runs, rm -f ends it, and nothing is left", async (t) => {
    const before = takeInventory();
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const refused = await terrarium.run(["rm", name]);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /is running\. Stop it first/);
    assert.equal((await terrarium.run(["rm", "-f", name])).code, 0);
    await assertNothingLeft(before);
  });

  test("run -d --rm forgets the sandbox by itself", async () => {
    const before = takeInventory();
    assert.equal((await terrarium.run(["run", "-d", "--rm", "--", "true"])).code, 0);
    await assertNothingLeft(before);
  });
});
