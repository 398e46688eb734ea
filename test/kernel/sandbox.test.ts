import assert from "node:assert/strict";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SandboxDetails } from "../../helper/protocol/inventory.ts";
import { eventually, inspect, startSandbox, terrarium } from "./cli.ts";
import { needsRoot } from "./isolated.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-sandbox-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The attempts that succeeded; the last line proves that the script ran to its end. */
async function succeeded(attempts: readonly string[], ...options: string[]): Promise<string[]> {
  const lines = attempts.map((line) => `${line} >/dev/null 2>&1 && echo "${line}"`);
  const output = await shell([...lines, "echo end"].join("\n"), ...options);
  return output.split("\n");
}

async function shell(script: string, ...options: string[]): Promise<string> {
  const { stdout } = await terrarium.run(["run", ...options, "--", "sh", "-c", script]);
  return stdout.trim();
}

/** The sandbox's directory in the hierarchy that has `controller`. */
function cgroupOf({ cgroups }: SandboxDetails, controller: string): string {
  const found = Object.entries(cgroups).find(([id]) => id.split(",").includes(controller));
  return found?.[1] ?? cgroups["unified"] ?? "";
}

const isVersion1 =
  existsSync("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") ||
  existsSync("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us");
const needsVersion1 = {
  skip: needsRoot.skip || (isVersion1 ? false : "needs cgroup v1 with the cpu controller"),
};

describe("a CPU limit on cgroup v1", needsVersion1, () => {
  const busy = ["sh", "-c", "while :; do :; done"];
  const limits = ["--cpu-period", "100000", "--cpu-quota", "20000"];

  test("stands in the kernel's own files, and the process in its tasks", async (t) => {
    const { name } = await startSandbox(t, limits, busy);
    const sandbox = await inspect(name);
    const directory = cgroupOf(sandbox, "cpu");
    const read = (file: string) => readFileSync(join(directory, file), "utf8").trim();
    assert.equal(read("cpu.cfs_quota_us"), "20000");
    assert.equal(read("cpu.cfs_period_us"), "100000");
    const tasks = read("tasks").split("\n").map(Number);
    assert.deepEqual(tasks.sort(), sandbox.processes.map(({ pid }) => pid).sort());
  });

  test("gives a busy loop 20 % of one core", async (t) => {
    const { name } = await startSandbox(t, limits, busy);
    const directory = cgroupOf(await inspect(name), "cpuacct");
    const usedNs = () => Number(readFileSync(join(directory, "cpuacct.usage"), "utf8"));
    const [usedBefore, timeBefore] = [usedNs(), process.hrtime.bigint()];
    await sleep(2_000);
    const share = (usedNs() - usedBefore) / Number(process.hrtime.bigint() - timeBefore);
    assert.ok(share > 0.15 && share < 0.25, `${(share * 100).toFixed(1)} %`);
  });

  test("is the same when it was asked for as --cpus", async (t) => {
    const { name } = await startSandbox(t, ["--cpus", "0.2"], ["sleep", "600"]);
    const { limits: readings } = await inspect(name);
    const values = Object.fromEntries(readings.map(({ limit, value }) => [limit, value]));
    assert.equal(values["cpuQuotaUs"], 20_000);
    assert.equal(values["cpuPeriodUs"], 100_000);
  });
});

describe("the other limits", needsRoot, () => {
  test("memory: the kernel kills what takes more, inside only", async () => {
    const hog = "head -c 200000000 /dev/zero | tail -c 200000000 > /dev/null; echo survived $?";
    const ran = await terrarium.run(["run", "-m", "32m", "--", "sh", "-c", hog]);
    assert.match(ran.stdout, /^survived (137|139|1)$/m);
    assert.match(
      await shell("head -c 8000000 /dev/zero | tail -c 8000000 | wc -c", "-m", "32m"),
      /^8000000$/,
    );
  });

  test("pids: the next fork is refused, and the sandbox lives on", async () => {
    const script = "i=0; while [ $i -lt 20 ]; do sleep 5 & i=$((i+1)); done; echo made";
    const { stderr, code } = await terrarium.run([
      "run",
      "--pids-limit",
      "8",
      "--",
      "sh",
      "-c",
      script,
    ]);
    assert.match(stderr, /[Cc]annot fork|Resource temporarily unavailable/);
    assert.notEqual(code, 0);
  });
});

describe("what a sandbox of root sees by default", needsRoot, () => {
  const workspace = join(folder, "tides");
  const git = join(workspace, ".git");

  before(() => {
    mkdirSync(join(git, "hooks"), { recursive: true });
    mkdirSync(join(workspace, ".vscode"));
    writeFileSync(join(git, "config"), "[core]\n");
    writeFileSync(join(workspace, "tides.txt"), "high\n");
    writeFileSync(join(workspace, "somebodys.txt"), "theirs\n");
    chownSync(join(workspace, "somebodys.txt"), 1234, 1234);
  });

  const inside = (script: string, ...options: string[]) =>
    shell(script, "--workspace", workspace, ...options);

  test("all of the seven namespaces that it can have are new, the clock's is not", async () => {
    const links = await inside("readlink /proc/self/ns/*");
    const shared = links.split("\n").filter((link) => {
      const [type = ""] = link.split(":");
      return link === readlinkSync(`/proc/self/ns/${type}`);
    });
    assert.deepEqual(shared.map((link) => link.split(":")[0]).sort(), ["time", "time"]);
  });

  test("its own processes, beginning with PID 1", async () => {
    const output = await inside("cat /proc/1/comm; ls -d /proc/[0-9]* | wc -l");
    assert.match(output, /^terrarium-init\n[345]$/);
  });

  test("the workspace at its own path, writable, and what it writes belongs to root outside", async () => {
    assert.equal(
      await inside("pwd; cat tides.txt; echo new > made.txt; stat -c %u made.txt"),
      `${workspace}\nhigh\n0`,
    );
    assert.equal(statSync(join(workspace, "made.txt")).uid, 0);
  });

  test("in the workspace neither hooks nor configuration of git nor the editor's folder can be changed", async () => {
    const attempts = [
      "echo x > .git/hooks/pre-commit",
      "echo x >> .git/config",
      "rm -f .git/config",
      "mv .git/hooks .git/old",
      "mv .git elsewhere",
      "rm -rf .git/hooks",
      "echo x > .vscode/tasks.json",
      "mv .vscode elsewhere",
    ];
    assert.deepEqual(await succeeded(attempts, "--workspace", workspace), ["end"]);
    assert.equal(await inside("echo ref > .git/HEAD && cat .git/HEAD"), "ref");
    assert.equal(readFileSync(join(git, "config"), "utf8"), "[core]\n");
  });

  test("no set-uid bit can be planted in the workspace, where it would be the host root's", async () => {
    const output = await inside(
      "cp /bin/sh planted; chmod 4755 planted; chmod u+s planted; stat -c %a planted",
    );
    assert.equal(output, "755");
    assert.equal(statSync(join(workspace, "planted")).mode & 0o7777, 0o755);
  });

  test("home is empty", async () => {
    assert.ok(existsSync(homedir()));
    assert.equal(await inside("echo $HOME; ls -A $HOME"), "/root");
    assert.equal(await inside(`ls -A ${folder}`), "tides");
  });

  test("of the host's system what a stranger may read: not the password hashes, and nothing to write", async () => {
    assert.equal(
      await inside("cat /etc/shadow 2>/dev/null; echo; cat /etc/hostname > /dev/null && echo ok"),
      "ok",
    );
    const attempts = ["/etc", "/usr", "/usr/bin", "/opt"].map((path) => `touch ${path}/x`);
    assert.deepEqual(await succeeded(attempts), ["end"]);
  });

  test("private /tmp, /run and /dev", async () => {
    assert.equal(await inside("ls -A /run; ls -A /tmp"), folder.split("/")[2] ?? "");
    const devices = (await inside("ls /dev")).split("\n");
    assert.deepEqual(
      devices.filter((name) => /^(sd|vd|nvme|kvm|kmsg|mem|loop|fuse|tun)/.test(name)),
      [],
    );
    for (const name of ["null", "zero", "full", "random", "urandom", "tty", "pts", "shm", "ptmx"]) {
      assert.ok(devices.includes(name), name);
    }
  });

  test("an environment without the editor's and the agent's sockets", async () => {
    const secrets = [
      "VSCODE_IPC_HOOK_CLI",
      "SSH_AUTH_SOCK",
      "GIT_ASKPASS",
      "DBUS_SESSION_BUS_ADDRESS",
      "NPM_TOKEN",
    ];
    const env = Object.fromEntries(secrets.map((name) => [name, "s3cret"]));
    const { stdout } = await terrarium.run(["run", "--", "env"], { env });
    assert.doesNotMatch(stdout, /s3cret/);
    const names = stdout
      .trim()
      .split("\n")
      .map((line) => line.split("=")[0]);
    assert.deepEqual(names.sort(), ["HOME", "LOGNAME", "PATH", "SHELL", "USER", "container"]);
  });

  test("a network with the loopback device only, up", async () => {
    assert.equal(
      await inside(
        "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; cat /proc/net/fib_trie | grep -c 127.0.0.1",
      ),
      "lo\n2",
    );
  });

  test("root without power: no capability of the host's, no new privileges, a filter", async () => {
    const status = await inside(
      "grep -E '^(CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status",
    );
    const values = Object.fromEntries(status.split("\n").map((line) => line.split(/:\s+/)));
    assert.equal(values["NoNewPrivs"], "1");
    assert.equal(values["Seccomp"], "2");
    assert.equal(values["CapEff"], values["CapBnd"]);
    assert.equal(values["CapAmb"], "0000000000000000");
    // CAP_SYS_ADMIN 21, CAP_SETFCAP 31, CAP_MKNOD 27, CAP_SYS_PTRACE 19.
    for (const bit of [19n, 21n, 27n, 31n]) {
      assert.equal((BigInt(`0x${values["CapEff"]}`) >> bit) & 1n, 0n, `${bit}`);
    }
  });

  test("ids that are nobody's on the host: its root is in no line of the map", async (t) => {
    const maps = await Promise.all([1, 2].map(() => mapOf(t)));
    for (const [inner, outer, count] of maps) {
      assert.equal(inner, 0);
      assert.ok((outer ?? 0) >= 0x8_0000 && count === 0x1_0000);
    }
    assert.notEqual(maps[0]?.[1], maps[1]?.[1]);
  });

  async function mapOf(t: TestContext): Promise<readonly number[]> {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const { uidMap } = await inspect(name);
    assert.equal(uidMap.length, 1);
    return uidMap[0] ?? [];
  }
});

describe("what a sandbox cannot do", needsRoot, () => {
  test("make namespaces, mount, or reach the host through its init", async () => {
    const attempts = [
      "unshare --user true",
      "unshare --net true",
      "mount -t tmpfs none /mnt",
      "mount --bind /tmp /usr",
      "umount /proc",
      "ls /proc/1/root/",
      "cat /proc/1/environ",
      "readlink /proc/1/exe",
      "chroot / unshare --mount true",
      "mknod /tmp/disk b 8 0",
      "dmesg",
      "echo 1 > /proc/sys/kernel/sysrq",
      "nsenter --target 1 --mount true",
    ];
    assert.deepEqual(await succeeded(attempts), ["end"]);
  });

  test("see the secrets of the host's command lines: variables are not in the launcher's arguments", async (t) => {
    const secret = `s3cret-${process.pid}`;
    const { name } = await startSandbox(t, ["-e", `TOKEN=${secret}`], ["sleep", "600"]);
    const { processes } = await inspect(name);
    const monitor = processes[0]?.parentPid ?? 0;
    for (const pid of [monitor, ...processes.map((each) => each.pid)]) {
      assert.ok(!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(secret), `${pid}`);
    }
    const { stdout } = await terrarium.run(["exec", name, "--", "sh", "-c", "echo $TOKEN"]);
    assert.equal(stdout, `${secret}\n`);
  });

  test("follow a link of the workspace to what it hides", async () => {
    const workspace = join(folder, "links");
    mkdirSync(workspace);
    symlinkSync("/etc/shadow", join(workspace, "shadow"));
    symlinkSync(homedir(), join(workspace, "home"));
    assert.equal(await shell("cat shadow 2>/dev/null; ls -A home/", "--workspace", workspace), "");
  });
});

describe("a workspace whose .git is not a plain directory", needsRoot, () => {
  test("as a worktree's file keeps that file as it is", async () => {
    const workspace = join(folder, "worktree");
    mkdirSync(workspace);
    writeFileSync(join(workspace, ".git"), "gitdir: /elsewhere\n");
    const attempts = ["echo x > .git", "rm -f .git", "mv .git old", "touch beside"];
    assert.deepEqual(await succeeded(attempts, "--workspace", workspace), ["touch beside", "end"]);
    assert.equal(readFileSync(join(workspace, ".git"), "utf8"), "gitdir: /elsewhere\n");
  });

  test("as a link leads nowhere that the sandbox could not reach otherwise", async () => {
    const workspace = join(folder, "linked");
    const outside = join(folder, "outside");
    mkdirSync(join(outside, "hooks"), { recursive: true });
    mkdirSync(workspace);
    symlinkSync(outside, join(workspace, ".git"));
    const attempts = ["ls .git/hooks", "touch .git/hooks/x", "touch beside"];
    assert.deepEqual(await succeeded(attempts, "--workspace", workspace), ["touch beside", "end"]);
    assert.ok(!existsSync(join(outside, "hooks", "x")));
  });

  test("is missing, and the sandbox starts all the same", async () => {
    const workspace = join(folder, "bare");
    mkdirSync(workspace);
    assert.equal(await shell("pwd", "--workspace", workspace), workspace);
    assert.ok(!existsSync(join(workspace, ".git")) && !existsSync(join(workspace, ".vscode")));
  });
});

describe("the end of a sandbox", needsRoot, () => {
  test("takes everything in it along when the command ends", async () => {
    const marker = `${700_000 + process.pid}`;
    await shell(`setsid sleep ${marker} & sleep 0.1`);
    const survivors = () =>
      terrarium.run(["ns", "--json"]).then(({ stdout }) => stdout.includes(`sleep ${marker}`));
    assert.equal(await survivors(), false);
  });

  test("when its PID 1 is killed is told as such", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const { pid } = await inspect(name);
    assert.ok(pid);
    process.kill(pid, "SIGKILL");
    await eventually("it has ended", async () => (await inspect(name)).state === "exited");
    const { exitCode, exitSignal } = await inspect(name);
    assert.deepEqual([exitCode, exitSignal], [137, "SIGKILL"]);
  });

  test("when its monitor is killed ends the sandbox, and the next list removes what is left", async (t) => {
    const { name, id } = await startSandbox(t, [], ["sleep", "600"]);
    const { processes, cgroups } = await inspect(name);
    const monitor = processes[0]?.parentPid;
    assert.ok(monitor);
    process.kill(monitor, "SIGKILL");
    await eventually("its processes are gone", () =>
      processes.every(({ pid }) => !existsSync(`/proc/${pid}/ns/net`)),
    );
    await eventually(
      "its record is gone",
      async () => !(await terrarium.run(["ps", "-a"])).stdout.includes(id),
    );
    for (const directory of Object.values(cgroups)) assert.ok(!existsSync(directory), directory);
  });
});
