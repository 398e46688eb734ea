import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { inspect, startSandbox, terrarium } from "./cli.ts";
import { shell, succeeded } from "./inside.ts";
import { needsRoot } from "./isolated.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-sandbox-"));

after(() => rmSync(folder, { recursive: true, force: true }));

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

  test("a set-uid or set-gid file that was there loses the bit when it is written to", async () => {
    for (const [name, mode] of [
      ["set-uid", 0o4755],
      ["set-gid", 0o2755],
    ] as const) {
      writeFileSync(join(workspace, name), "");
      chmodSync(join(workspace, name), mode);
      assert.equal(await inside(`echo x >> ${name}; stat -c %a ${name}`), "755");
    }
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
    assert.equal(await inside("stat -c %u:%g /etc/passwd /etc/shadow"), "0:0\n0:42");
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
    assert.deepEqual(names.sort(), [
      "HOME",
      "LANG",
      "LOGNAME",
      "PATH",
      "SHELL",
      "USER",
      "container",
    ]);
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
