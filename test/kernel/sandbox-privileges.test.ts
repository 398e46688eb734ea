import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { SandboxPlan } from "../../helper/protocol/plan.ts";
import { clientOfUser, inspect, list, type Ran, startSandbox, terrarium } from "./cli.ts";
import { shell } from "./inside.ts";
import { needsRoot, strangerId } from "./isolated.ts";
import { statusOf } from "./launcher.ts";
import { makeRootfs } from "./rootfs.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-privileges-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const sets = "grep ^Cap /proc/self/status | cut -f2 | sed s/^0*//";
const netAdmin = "1000";
const run = (...words: string[]): Promise<Ran> => terrarium.run(["run", ...words]);

/** Refused in one sentence, and nothing was made. */
async function refused(words: readonly string[], sentence: RegExp): Promise<void> {
  const before = new Set((await list()).map(({ id }) => id));
  const { code, stdout, stderr } = await run(...words, "--", "true");
  assert.deepEqual([code, stdout], [125, ""], words.join(" "));
  assert.match(stderr, sentence);
  // What ran before may go only now.
  assert.deepEqual(
    (await list()).filter(({ id }) => !before.has(id)),
    [],
  );
}

describe("the capabilities of a sandbox", needsRoot, () => {
  test("row 11, CVE-2022-24769: are exactly those that were left or added, in three sets of five; exec and enter have the same", async (t) => {
    const { name } = await startSandbox(
      t,
      ["--cap-drop", "ALL", "--cap-add", "CAP_NET_ADMIN"],
      ["sh", "-c", `${sets}; sleep 1000`],
    );
    const { pid } = (await inspect(name)).processes[1] ?? {};
    for (const words of [
      ["exec", name],
      ["enter", name],
      ["enter", `${pid}`],
    ]) {
      const { stdout } = await terrarium.run([...words, "--", "sh", "-c", sets]);
      const [inheritable, permitted, effective, bounding, ambient] = stdout.split("\n");
      assert.deepEqual([permitted, effective, bounding], [netAdmin, netAdmin, netAdmin]);
      assert.deepEqual([inheritable, ambient], ["", ""], "CVE-2022-24769");
    }
  });

  test("work in its own namespaces, and are missed there without", async () => {
    const down = "ip link set lo down && ip -br link";
    assert.equal(await shell(down), "");
    assert.match(await shell(down, "--cap-add", "net_admin"), /^lo +DOWN/);
  });

  test("ALL are all but those that would be the host's, where something of it is writable", async () => {
    const known = Number.parseInt(await shell("cat /proc/sys/kernel/cap_last_cap"), 10);
    const all = (1n << BigInt(known + 1)) - 1n;
    const [fsetid, setfcap] = [1n << 4n, 1n << 31n];
    const read = async (...options: string[]) =>
      BigInt(`0x${await shell("grep CapEff /proc/self/status | cut -f2", ...options)}`);
    assert.equal(await read("--cap-add", "ALL"), all);
    assert.equal(await read("--cap-add", "ALL", "--workspace", folder), all - fsetid - setfcap);
    assert.equal(await read("--cap-add", "ALL", "-v", `${folder}:/data:ro`), all);
  });

  test("that would reach the host by a writable mount are refused", async () => {
    for (const name of ["SETFCAP", "cap_fsetid"])
      await refused(
        ["--cap-add", name, "-v", `${folder}:/data`],
        /^terrarium: (SETFCAP|FSETID) cannot be added while \S+ of the host is writable/,
      );
    const { code } = await run("--cap-add", "SETFCAP", "-v", `${folder}:/data:ro`, "--", "true");
    assert.equal(code, 0);
  });

  test("that do not exist are refused", () =>
    refused(["--cap-add", "NET_ROW"], /NET_ROW is unknown\n {2}Did you mean NET_RAW/));

  test("of who is not root inside are ambient, so that they are effective; their plan says so", async () => {
    const user = clientOfUser(strangerId);
    const words = ["run", "--cap-add", "net_admin"];
    const { stdout } = await user.run([...words, "--", "sh", "-c", sets]);
    assert.equal(stdout, `${netAdmin}\n`.repeat(5));
    const plain = await user.run(["run", "--", "sh", "-c", sets]);
    assert.equal(plain.stdout, "\n".repeat(5));
    const plan: SandboxPlan = JSON.parse((await user.run([...words, "--plan", "--json"])).stdout);
    assert.deepEqual([plan.capabilities, plan.ambient], [["net_admin"], true]);
  });
});

describe("an init that supervises", needsRoot, () => {
  test("has as effective CAP_KILL alone, and as permitted no more than its commands", async (t) => {
    const processes = [{ name: "one", args: ["sleep", "1000"], restart: "always" }];
    const file = join(folder, "several.json");
    writeFileSync(file, JSON.stringify({ processes }));
    const { name } = await startSandbox(t, ["--config", file], []);
    const [init, command] = (await inspect(name)).processes;
    assert.ok(init && command);
    assert.equal(Number.parseInt(statusOf(init.pid, "CapEff"), 16), 1 << 5);
    for (const set of ["CapPrm", "CapBnd", "CapInh", "CapAmb"])
      assert.equal(statusOf(init.pid, set), statusOf(command.pid, set), set);
  });
});

describe("set-uid programs", needsRoot, () => {
  const rootfs = join(folder, "set-id-root");
  before(() => {
    makeRootfs(rootfs);
    const source = join(import.meta.dirname, "attacks/setid.c");
    const program = join(rootfs, "bin/setid");
    execFileSync("gcc", ["-O1", "-static", "-o", program, source]);
    chmodSync(program, 0o4755);
  });
  const ask = ["--", "/bin/setid", "/bin/setid"];

  test("row 33, CVE-2023-0386: of a root directory work only with --new-privileges, and then are the sandbox's root, not the host's", async (t) => {
    assert.equal((await run("--rootfs", rootfs, ...ask)).stdout, "1000\n");
    const options = ["--rootfs", rootfs, "--new-privileges"];
    assert.equal((await run(...options, ...ask)).stdout, "0\n");
    const { name } = await startSandbox(t, options, ["/bin/busybox", "sleep", "1000"]);
    assert.equal((await terrarium.run(["exec", name, ...ask])).stdout, "0\n");
    const { processes, uidMap } = await inspect(name);
    const main = processes[1];
    assert.ok(main);
    assert.equal(statusOf(main.pid, "Uid").split("\t")[0], `${uidMap[0]?.[1]}`);
    assert.equal(statusOf(main.pid, "Seccomp"), "2", "the filter is there all the same");
    assert.equal(statusOf(main.pid, "CapEff"), statusOf(main.pid, "CapBnd"));
  });

  test("cannot be made to work where it would do nothing, and it is said", async () => {
    const archive = join(folder, "set-id.tar");
    execFileSync("tar", ["-cf", archive, "-C", rootfs, "."]);
    const roots = [
      [],
      ["--rootfs", rootfs, "--overlay", "ephemeral"],
      ["--rootfs-tarball", archive],
    ];
    for (const root of roots)
      await refused([...root, "--new-privileges"], /noNewPrivileges: false does nothing here/);
  });
});

describe("--seccomp none", needsRoot, () => {
  test("leaves the filter out, for exec too", async (t) => {
    const { name } = await startSandbox(t, ["--seccomp", "none"], ["sleep", "1000"]);
    const { stdout } = await terrarium.run([
      "exec",
      name,
      "--",
      "grep",
      "Seccomp:",
      "/proc/self/status",
    ]);
    assert.equal(stdout, "Seccomp:\t0\n");
  });

  test("is refused where the filter keeps set-uid files from being planted on the host", async () => {
    await refused(["--seccomp", "none", "--workspace", folder], /writable.*planted there/);
    await refused(["--seccomp", "none", "--rootfs", folder], /writable.*planted there/);
  });

  test("is refused where the filter keeps a read-only mount read-only", async () => {
    const mounting = ["--cap-add", "SYS_ADMIN", "-v", `${folder}:/data:ro`];
    const open = "mount -o remount,bind,rw /data && echo > /data/planted";
    const filtered = await run(...mounting, "--", "sh", "-c", open);
    assert.match(filtered.stderr, /permission denied/);
    await refused(["--seccomp", "none", ...mounting], /made writable inside/);
  });
});

describe("--ulimit", needsRoot, () => {
  test("bounds the command and what exec starts, and not init", async (t) => {
    const limits = [
      "--ulimit",
      "nofile=64:128",
      "--ulimit",
      "core=0",
      "--ulimit",
      "fsize=unlimited",
    ];
    const { name } = await startSandbox(t, limits, ["sleep", "1000"]);
    const ask = "ulimit -n; ulimit -Hn; ulimit -c; ulimit -f";
    for (const face of ["exec", "enter"]) {
      const { stdout } = await terrarium.run([face, name, "--", "sh", "-c", ask]);
      assert.equal(stdout, "64\n128\n0\nunlimited\n", face);
    }
    const [init] = (await inspect(name)).processes;
    assert.doesNotMatch(
      execFileSync("prlimit", ["-p", `${init?.pid}`, "-n"], { encoding: "utf8" }),
      / 64 /,
    );
  });

  test("stops a program that wants more", async () => {
    const { code, stderr } = await run(
      "--ulimit",
      "fsize=4096",
      "--",
      "sh",
      "-c",
      "head -c 9999 /dev/zero > /tmp/x",
    );
    assert.notEqual(code, 0);
    assert.doesNotMatch(stderr, /^terrarium/);
  });

  test("above what the host lets the helper give is refused in words", async () => {
    const nrOpen = Number(execFileSync("cat", ["/proc/sys/fs/nr_open"], { encoding: "utf8" }));
    await refused(
      ["--ulimit", `nofile=${nrOpen + 1}`],
      /setrlimit nofile: EPERM.*hard limit here is \d+/,
    );
  });

  test("that is malformed is refused", async () => {
    await refused(["--ulimit", "nofile=9:8"], /soft limit must not be above the hard one/);
    for (const text of [
      "nofile",
      "nofile=",
      "nofile=1:2:3",
      "nofile=-2",
      "nofile=0x10",
      "files=3",
    ]) {
      const { code, stderr } = await run("--ulimit", text, "--", "true");
      assert.equal(code, 125, text);
      assert.match(stderr, /--ulimit/);
    }
  });
});

describe("Landlock rules", needsRoot, () => {
  const programs = ["/usr", "/bin", "/lib", "/lib64"].flatMap((path) => ["--landlock-ro", path]);
  const data = join(folder, "data");
  mkdirSync(data);

  test("leave what they name, and take away all else", async () => {
    const options = [...programs, "--landlock-rw", "/tmp"];
    const tries = ["echo > /tmp/x", "cat /tmp/x", "ls /etc", "cat /proc/1/stat", "echo > /run/x"];
    const script = tries.map((line) => `(${line}) >/dev/null 2>&1; echo $?`).join("\n");
    const { stdout } = await run(
      ...options,
      "--landlock-rw",
      "/dev/null",
      "--",
      "sh",
      "-c",
      script,
    );
    const answers = stdout
      .trim()
      .split("\n")
      .map((code) => code === "0");
    assert.deepEqual(answers, [true, true, false, false, false]);
  });

  test("open nothing that a mount closes: a read-only mount stays so", async () => {
    const write = ["--landlock-rw", "/data", "--", "sh", "-c", "echo > /data/x"];
    assert.equal((await run(...programs, "-v", `${data}:/data`, ...write)).code, 0);
    assert.notEqual((await run(...programs, "-v", `${data}:/data:ro`, ...write)).code, 0);
  });

  test("keep a file that may only be read from being emptied", async () => {
    const volume = ["-v", `${data}:/data`, "--landlock-ro", "/data"];
    writeFileSync(join(data, "kept"), "content");
    // By truncate(2): ftruncate(2) needs a descriptor that was opened for writing.
    const empty = ["python3", "-c", "import os; os.truncate('/data/kept', 0)"];
    assert.notEqual((await run(...programs, ...volume, "--", ...empty)).code, 0);
    assert.equal(
      (await run(...programs, ...volume.slice(0, 2), "--landlock-rw", "/data", "--", ...empty))
        .code,
      0,
    );
  });

  test("hold for exec and for who enters by a process id", async (t) => {
    const { name } = await startSandbox(t, programs, ["sleep", "1000"]);
    const { pid } = (await inspect(name)).processes[1] ?? {};
    for (const words of [
      ["exec", name],
      ["enter", name],
      ["enter", `${pid}`],
    ]) {
      assert.equal((await terrarium.run([...words, "--", "ls", "/usr"])).code, 0);
      assert.notEqual(
        (await terrarium.run([...words, "--", "ls", "/etc"])).code,
        0,
        words.join(" "),
      );
    }
  });

  test("row 27: with an empty list allow nothing: not even the command", async () => {
    const file = join(folder, "nothing.json");
    writeFileSync(file, JSON.stringify({ landlock: { readOnly: [] }, args: ["true"] }));
    assert.equal((await run("--config", file)).code, 126);
  });

  test("of a path that is not there are refused, naming it", () =>
    refused(["--landlock-ro", "/nope"], /landlock: openat2 \/nope: ENOENT/));
});
