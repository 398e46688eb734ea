import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type {
  CgroupReport,
  NamespaceReport,
  ProcessDetails,
} from "../../helper/protocol/inventory.ts";
import {
  collect,
  eventually,
  inspect,
  json,
  list,
  type Ran,
  startSandbox,
  terrarium,
  uniqueName,
} from "./cli.ts";
import { needsRoot, startIsolated, startPlain } from "./isolated.ts";
import { assertNothingLeft, takeInventory } from "./leftovers.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const inSandbox = (...command: string[]) => terrarium.run(["run", "--", ...command]);
const shell = (script: string) => inSandbox("sh", "-c", script);

describe("the exit code", needsRoot, () => {
  test("is the command's own", async () => {
    assert.equal((await shell("exit 0")).code, 0);
    assert.equal((await shell("exit 7")).code, 7);
    assert.equal((await shell("exit 255")).code, 255);
  });

  test("is 128+n when a signal ended the command", async () => {
    assert.equal((await shell("kill -TERM $$")).code, 143);
    assert.equal((await shell("kill -KILL $$")).code, 137);
  });

  test("is 127 for a command that is not there, 126 for one that cannot be executed", async () => {
    assert.equal((await inSandbox("no-such-command")).code, 127);
    assert.equal((await inSandbox("/etc/passwd")).code, 126);
    assert.equal((await inSandbox("/etc")).code, 126);
  });

  test("is the same with the command as PID 1", async () => {
    const bare = (...command: string[]) => terrarium.run(["run", "--no-init", "--", ...command]);
    assert.equal((await bare("sh", "-c", "exit 7")).code, 7);
    assert.equal((await bare("no-such-command")).code, 127);
    assert.equal((await bare("/etc/passwd")).code, 126);
  });

  test("is the shells' also when nobody is attached", async () => {
    const before = takeInventory();
    assert.equal((await terrarium.run(["run", "-d", "--", "no-such-command"])).code, 127);
    assert.equal((await terrarium.run(["run", "-d", "--", "/etc/passwd"])).code, 126);
    await assertNothingLeft(before);
  });
});

describe("standard input and output", needsRoot, () => {
  test("pass through, apart from each other", async () => {
    const ran = await terrarium.run(["run", "-i", "--", "sh", "-c", "cat; echo error >&2"], {
      input: "tides\n",
    });
    assert.equal(ran.stdout, "tides\n");
    assert.equal(ran.stderr, "error\n");
  });

  test("take in a long input", async () => {
    const input = "tides ".repeat(200_000);
    const ran = await terrarium.run(["run", "-i", "--", "wc", "-c"], { input });
    assert.equal(ran.stdout.trim(), `${input.length}`);
  });

  test("lose nothing of a long output", async () => {
    const { stdout } = await shell("head -c 5000000 /dev/zero | tr '\\0' x");
    assert.equal(stdout.length, 5_000_000);
  });

  test("without -i the command has no input", async () => {
    const { stdout } = await terrarium.run(["run", "--", "sh", "-c", "wc -c"], { input: "tides" });
    assert.equal(stdout.trim(), "0");
  });
});

describe("a terminal", needsRoot, () => {
  /** script(1) gives the client a terminal, as a person's shell does. */
  async function inTerminal(...words: string[]): Promise<Ran> {
    const quoted = [...terrarium.command, ...words].map((word) => `'${word}'`).join(" ");
    return collect(spawn("script", ["-qec", quoted, "/dev/null"], { cwd: "/" }));
  }

  test("of the sandbox's own is behind -it, with the size of ours and the exit code of the command", async () => {
    const script = "tty; stty rows 30 cols 100; stty size; exit 3";
    const { code, stdout } = await inTerminal("run", "-it", "--", "sh", "-c", script);
    assert.equal(stdout, "/dev/pts/0\r\n30 100\r\n");
    assert.equal(code, 3);
  });

  test("is given to exec and enter without being asked for", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    for (const face of ["exec", "enter"]) {
      const { code, stdout } = await inTerminal(face, name, "--", "sh", "-c", "tty; exit 4");
      assert.match(stdout, /^\/dev\/pts\/\d+\r\n$/, face);
      assert.equal(code, 4);
    }
  });
});

describe("a signal to the client", needsRoot, () => {
  test("reaches the command, whose exit code is the client's", async () => {
    const script = "trap 'exit 6' TERM; echo ready; while :; do sleep 0.1; done";
    const client = terrarium.start(["run", "--", "sh", "-c", script]);
    const ended = collect(client);
    await once(client.stdout, "data");
    client.kill("SIGTERM");
    assert.equal((await ended).code, 6);
  });
});

describe("the options of run", needsRoot, () => {
  test("--hostname and --name name it inside and outside", async (t) => {
    const { name } = await startSandbox(t, ["--hostname", "tide-table"], ["sleep", "600"]);
    const { stdout } = await terrarium.run(["exec", name, "--", "hostname"]);
    assert.equal(stdout, "tide-table\n");
    assert.equal((await inspect(name)).hostname, "tide-table");
  });

  test("the host name comes from the name when it was not given", async () => {
    const { stdout } = await terrarium.run(["run", "--name", uniqueName(), "--", "hostname"]);
    assert.match(stdout, /^terrarium-test-\d+-\d+\n$/);
  });

  test("-e sets a variable, and without a value passes ours", async () => {
    const ran = await terrarium.run(
      [
        "run",
        "-e",
        "A=b=c",
        "-e",
        "PASSED",
        "-e",
        "ABSENT",
        "--",
        "sh",
        "-c",
        "echo $A:$PASSED:; env | grep -cE '^(ABSENT|HIDDEN)='",
      ],
      { env: { PASSED: "yes", HIDDEN: "no" } },
    );
    assert.equal(ran.stdout, "b=c:yes:\n0\n");
  });

  test("-w is the working directory", async () => {
    const { stdout } = await terrarium.run(["run", "-w", "/usr/lib", "--", "pwd"]);
    assert.equal(stdout, "/usr/lib\n");
  });

  test("-v mounts a directory to write to, or with :ro only to read", async () => {
    const data = join(folder, "data");
    mkdirSync(data);
    const mount = async (mode: string) =>
      terrarium.run([
        "run",
        "-v",
        `${data}:/data${mode}`,
        "--",
        "sh",
        "-c",
        "touch /data/made && ls /data",
      ]);
    const readOnly = await mount(":ro");
    assert.notEqual(readOnly.code, 0);
    assert.match(readOnly.stderr, /Read-only file system/);
    assert.equal((await mount("")).stdout, "made\n");
  });

  test("-v mounts a single file", async () => {
    const file = join(folder, "single");
    writeFileSync(file, "tides\n");
    const { stdout } = await terrarium.run([
      "run",
      "-v",
      `${file}:/data/file:ro`,
      "--",
      "cat",
      "/data/file",
    ]);
    assert.equal(stdout, "tides\n");
  });

  test("--init puts our init before the command, --no-init makes the command PID 1", async () => {
    assert.equal(
      (await terrarium.run(["run", "--init", "--", "sh", "-c", "echo $$"])).stdout,
      "2\n",
    );
    assert.equal(
      (await terrarium.run(["run", "--no-init", "--", "sh", "-c", "echo $$"])).stdout,
      "1\n",
    );
  });

  test("--rootfs replaces the whole root", async () => {
    const root = makeRootfs(join(folder, "root"));
    const { stdout, stderr } = await terrarium.run([
      "run",
      "--rootfs",
      root,
      "--",
      "/bin/sh",
      "-c",
      "/bin/busybox ls /; /bin/busybox cat /marker",
    ]);
    assert.equal(stderr, "");
    assert.match(stdout, /^bin\ndev\nmarker\nproc\nrun\ntmp\nhere\n$/);
  });
});

/** A root directory that holds busybox and nothing else. */
function makeRootfs(directory: string): string {
  const bin = join(directory, "bin");
  mkdirSync(bin, { recursive: true });
  copyFileSync(busybox(), join(bin, "busybox"));
  symlinkSync("busybox", join(bin, "sh"));
  writeFileSync(join(directory, "marker"), "here\n");
  return directory;
}

function busybox(): string {
  const found = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));
  if (!found) throw new Error("busybox-static is not installed");
  return found;
}

describe("the lists", needsRoot, () => {
  test("ps shows a running sandbox with its processes and limits", async (t) => {
    const { name, id } = await startSandbox(t, ["-m", "64m"], ["sleep", "600"]);
    const found = (await list()).find((sandbox) => sandbox.id === id);
    assert.equal(found?.state, "running");
    assert.deepEqual(
      found.processes.map(({ nestedPids, command }) => [nestedPids.at(-1), command]),
      [
        [1, "terrarium-init"],
        [2, "sleep"],
      ],
    );
    assert.equal(found.processes[0]?.pid, found.pid);
    const memory = found.limits.find(({ limit }) => limit === "memoryBytes");
    assert.equal(memory?.value, 64 * 1024 ** 2);
    const { stdout } = await terrarium.run(["ps"]);
    assert.match(stdout, new RegExp(`^${id}  ${name} .*running .*sleep 600$`, "m"));
  });

  test("ps -a shows one that has ended, with how, until it is removed", async (t) => {
    const { name } = await startSandbox(t, [], ["sh", "-c", "exit 3"]);
    await eventually("the sandbox ends", async () => (await inspect(name)).state === "exited");
    assert.match((await terrarium.run(["ps", "-a"])).stdout, new RegExp(`${name} +exited \\(3\\)`));
    assert.ok(!(await terrarium.run(["ps"])).stdout.includes(name));
    assert.equal((await terrarium.run(["rm", name])).stdout, `${name}\n`);
    assert.ok(!(await terrarium.run(["ps", "-a"])).stdout.includes(name));
  });

  test("ns knows the sandbox by name in each of its seven new namespaces", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const { namespaces } = await json<NamespaceReport>(["ns"]);
    const types = namespaces.filter(({ sandbox }) => sandbox === name).map(({ type }) => type);
    assert.deepEqual(types.sort(), ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]);
    const { stdout } = await terrarium.run(["ns", "-t", "pid"]);
    assert.match(stdout, new RegExp(`pid .* ${name} `));
    assert.doesNotMatch(stdout, / mnt /);
  });

  test("cgroups shows the sandbox's directory in the tree", async (t) => {
    const { name, id } = await startSandbox(t, [], ["sleep", "600"]);
    const { hierarchies } = await json<CgroupReport>(["cgroups"]);
    const ours = hierarchies.flatMap(({ root }) =>
      root.children.flatMap(({ children }) => children.filter((cgroup) => cgroup.name === id)),
    );
    assert.ok(ours.length > 0);
    assert.ok(ours.every(({ sandbox, processes }) => sandbox === name && processes === 2));
    assert.match(
      (await terrarium.run(["cgroups"])).stdout,
      new RegExp(`─ ${id} .*sandbox ${name}`),
    );
  });

  test("inspect shows what a sandbox and what a process is made of", async (t) => {
    const { name, id } = await startSandbox(t, ["--pids-limit", "20"], ["sleep", "600"]);
    const sandbox = await inspect(id.slice(0, 6));
    assert.equal(sandbox.name, name);
    assert.ok(sandbox.namespaces.length >= 7);
    assert.ok(sandbox.namespaces.every(({ type, shared }) => shared === (type === "time")));
    const main = sandbox.processes[1];
    const process = await json<ProcessDetails>(["inspect", `${main?.pid}`]);
    assert.deepEqual(process.nestedPids, main?.nestedPids);
    assert.equal(process.noNewPrivileges, true);
    assert.equal(process.seccomp, "filter");
    for (const target of [name, `${main?.pid}`]) {
      assert.equal((await terrarium.run(["inspect", target])).code, 0);
    }
  });
});

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

test(
  "the inventory that the next tests rely on sees every part of a sandbox",
  needsRoot,
  async (t) => {
    const before = takeInventory();
    const { id } = await startSandbox(t, [], ["sleep", "600"]);
    const added = takeInventory().filter((line) => !before.includes(line));
    for (const part of [`sandboxes/${id}`, `cpu[^ ]*/terrarium/${id}`, "^process ", "^net:"]) {
      assert.ok(
        added.some((line) => new RegExp(part).test(line)),
        part,
      );
    }
  },
);

describe("bad input", needsRoot, () => {
  const missing = join(folder, "missing");
  /** Words, exit code, what the one sentence says. */
  const mistakes: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["run", "--no-such-flag", "--", "true"], 125, /unknown option --no-such-flag/],
    [["run", "true"], 125, /"true" stands before --/],
    [
      ["run", "--rootfs", missing, "--", "true"],
      125,
      /Cannot use .*missing: there is no such file/,
    ],
    [["run", "--rootfs", "/etc/passwd", "--", "true"], 125, /is not a directory/],
    [["run", "-v", `${missing}:/data`, "--", "true"], 125, /there is no such file/],
    [["run", "-v", "data", "--", "true"], 125, /--volume data is malformed/],
    [
      ["run", "-v", "/tmp:/proc/x", "--", "true"],
      125,
      /\/proc inside a sandbox is the sandbox's own/,
    ],
    [["run", "-w", "/no/such/dir", "--", "true"], 125, /\/no\/such\/dir/],
    [["run", "-e", "=x", "--", "true"], 125, /--env =x is malformed/],
    [["run", "--cpu-quota", "999", "--", "true"], 125, /--cpu-quota 999 is out of range/],
    [["run", "-m", "1k", "--", "true"], 125, /--memory 1k is out of range/],
    [["run", "--cpus", "0", "--", "true"], 125, /--cpus 0 is out of range/],
    [["run", "--pids-limit", "0", "--", "true"], 125, /--pids-limit 0 is out of range/],
    [["run", "--name", "../x", "--", "true"], 125, /must begin with a letter or digit/],
    [["run", "--hostname", "a b", "--", "true"], 125, /letters, digits and hyphens/],
    [["run", "--userns", "host", "--", "true"], 125, /--userns host is unknown/],
    [["run", "-t", "--", "true"], 125, /-t needs a terminal/],
    [["run", "-d", "-i", "--", "true"], 125, /-d cannot stand beside -i or -t/],
    [["run", "--", "no-such-command"], 127, /no-such-command/],
    [["run", "--", "/etc/passwd"], 126, /\/etc\/passwd/],
    [["enter", "4194304", "--", "true"], 125, /There is no process 4194304/],
    [["inspect", "4194304"], 125, /There is no process 4194304/],
    [["exec", "nobody", "--", "true"], 125, /There is no sandbox "nobody"/],
    [["stop", "nobody"], 125, /There is no sandbox "nobody"/],
    [["rm", "nobody"], 125, /There is no sandbox "nobody"/],
    [["ns", "-t", "network"], 125, /"network" is no type of namespace/],
    [["helper"], 125, /helper needs --stdio or --socket PATH/],
    [["helper", "--socket", "/etc/passwd"], 125, /something that is no socket is there/],
    [["--helper", missing, "ps"], 125, /no helper answers there/],
  ];

  for (const [words, code, sentence] of mistakes) {
    test(`${words.join(" ").replace(folder, "…")}: one sentence, exit code ${code}, nothing left`, async () => {
      const before = takeInventory();
      const ran = await terrarium.run(words);
      assert.match(ran.stderr, sentence);
      assert.match(ran.stderr, /^terrarium: [^\n]+\n( {2}[^\n]+\n)?$/);
      assert.doesNotMatch(ran.stderr, /undefined|\bat .*:\d+|: : /);
      assert.equal(ran.stdout, "");
      assert.equal(ran.code, code);
      await assertNothingLeft(before);
    });
  }

  test("a root directory whose /proc leads elsewhere is refused, and nothing is mounted there", async () => {
    for (const name of ["proc", "dev"]) {
      const root = makeRootfs(join(folder, `hostile-${name}`));
      symlinkSync("/bin", join(root, name));
      const before = takeInventory();
      const ran = await terrarium.run(["run", "--rootfs", root, "--", "/bin/sh", "-c", "echo ran"]);
      assert.equal(ran.code, 125);
      assert.equal(ran.stdout, "");
      assert.match(ran.stderr, /^terrarium: The sandbox could not be made: [^\n]+\n$/);
      await assertNothingLeft(before);
    }
  });

  test("a name that is taken is refused, and the one that has it lives on", async (t) => {
    const { name, id } = await startSandbox(t, [], ["sleep", "600"]);
    const before = takeInventory();
    const { code, stderr } = await terrarium.run(["run", "--name", name, "--", "true"]);
    assert.equal(code, 125);
    assert.match(stderr, /exists already\. Choose another name, or remove it/);
    assert.deepEqual((await inspect(name)).id, id);
    await assertNothingLeft(before);
  });
});
