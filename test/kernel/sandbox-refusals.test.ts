import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { inspect, startSandbox, terrarium } from "./cli.ts";
import { shell, succeeded } from "./inside.ts";
import { needsRoot } from "./isolated.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-sandbox-"));

after(() => rmSync(folder, { recursive: true, force: true }));

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
