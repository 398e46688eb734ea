import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { type Cleanup, clientOfUser, json, startSandbox, terrarium, uniqueName } from "./cli.ts";
import { shell, succeeded } from "./inside.ts";
import { needsRoot } from "./isolated.ts";
import { hostPrograms, idMaps, launch, runShell } from "./launcher.ts";
import { makeRootfs } from "./rootfs.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-overlay-"));
chmodSync(folder, 0o755);
const rootfs = makeRootfs(join(folder, "rootfs"));
after(() => rmSync(folder, { recursive: true, force: true }));

const layers = "/var/lib/terrarium/layers";

/** The options of a sandbox whose layer is removed with the test. */
function kept(t: Cleanup): { readonly name: string; readonly options: readonly string[] } {
  const name = uniqueName();
  t.after(() => terrarium.run(["layers", "rm", name]));
  return { name, options: ["--name", name, "--overlay", "kept"] };
}

describe("an overlay in memory", needsRoot, () => {
  const overlay = ["--overlay", "ephemeral"];

  test("lets root inside change the whole system, and nothing of it outside", async () => {
    const changes = [
      "echo x >> /etc/passwd",
      "touch /usr/bin/new",
      "mkdir /etc/new /srv",
      "rm -r /etc/skel",
      "mv /etc/hostname /etc/other",
      "chown 33:33 /etc/other",
      "chmod 600 /etc/group",
    ];
    assert.deepEqual(await succeeded(changes, ...overlay), [...changes, "end"]);
    assert.ok(
      !existsSync("/usr/bin/new") && existsSync("/etc/hostname") && existsSync("/etc/skel"),
    );
    assert.deepEqual(await succeeded(["ls /usr/bin/new", "ls /srv/x"], ...overlay), ["end"]);
  });

  test("keeps from it what a stranger may not read", async () => {
    const attempts = [
      "cat /etc/shadow",
      "mv /etc/shadow /etc/readable",
      "chmod 644 /etc/shadow",
      "chown 0 /etc/shadow",
      "cp /etc/shadow /tmp/x",
      "ln /etc/shadow /etc/linked",
      "ls /etc/ssl/private",
      "tar -cf /tmp/x.tar /etc/shadow",
    ];
    assert.deepEqual(await succeeded(attempts, ...overlay), ["end"]);
  });

  test("shows no home, no keys and no socket of the host's", async () => {
    const find = "find / -xdev -type s 2>/dev/null; ls -A /root /home /run /tmp /var 2>/dev/null";
    const here = await shell(find, ...overlay);
    assert.equal(here, await shell(find));
    assert.doesNotMatch(here, /\.ssh|\.sock/);
  });

  test("makes no set-uid program, and runs none", async () => {
    const plant = ["cp /bin/sh /usr/bin/planted && chmod 4755 /usr/bin/planted"];
    assert.deepEqual(await succeeded(plant, ...overlay), ["end"]);
    const mounts = await shell("grep overlay /proc/self/mountinfo", ...overlay);
    for (const line of mounts.split("\n")) assert.match(line, /nosuid,nodev/);
  });

  test("over a root directory leaves the directory as it is, and nothing of the host behind", async () => {
    const before = readdirSync(rootfs);
    const run = ["run", "--rootfs", rootfs, ...overlay, "--", "/bin/busybox", "sh", "-c"];
    const script =
      "b=/bin/busybox; $b rm /marker; echo x > /new; $b ls /; $b grep -c ' / / ' /proc/self/mountinfo";
    const { stdout } = await terrarium.run([...run, script]);
    assert.equal(stdout, "bin\ndev\nnew\nproc\nrun\ntmp\n1\n");
    assert.deepEqual(readdirSync(rootfs), before);
  });

  test("over a directory of an ordinary user works as well", async () => {
    const client = clientOfUser(4242);
    const overlaid = ["run", "--rootfs", rootfs, ...overlay, "--", "/bin/busybox", "sh", "-c"];
    const { stdout, stderr } = await client.run([...overlaid, "echo x > /tmp/y && echo made"]);
    assert.deepEqual([stdout, stderr], ["made\n", ""]);
  });
});

describe("a kept overlay", needsRoot, () => {
  test("is there for the next sandbox of its name, whatever ids that has", async (t) => {
    const { name, options } = kept(t);
    const change =
      "echo one > /etc/tide; chown 33:44 /etc/tide; echo two > ~/notes; rm /etc/hostname; readlink /proc/self/ns/user; cat /proc/self/uid_map";
    const first = await shell(change, ...options);
    // Others take the ids that the first one had, and those before them, of one that had not quite ended then.
    for (let count = 0; count < 2; count += 1) await startSandbox(t, [], ["sleep", "600"]);
    const look =
      "cat /etc/tide ~/notes; stat -c %u:%g /etc/tide; ls /etc/hostname; cat /proc/self/uid_map";
    const second = await shell(`${look} 2>/dev/null`, ...options);
    assert.match(second, /^one\ntwo\n33:44\n/);
    assert.notEqual(second.split("\n").at(-1), first.split("\n").at(-1));
    assert.equal(statSync(layers).mode & 0o777, 0o700);
    assert.equal(statSync(join(layers, name)).mode & 0o777, 0o700);
  });

  test("is listed, is not removed while a sandbox uses it, and is removed then", async (t) => {
    const name = uniqueName();
    t.after(() => terrarium.run(["rm", "-f", name]));
    await terrarium.run(["run", "-d", "--name", name, "--overlay", "kept", "--", "sleep", "600"]);
    const find = async () =>
      (await json<{ name: string; inUse: boolean }[]>(["layers"])).find((one) => one.name === name);
    assert.equal((await find())?.inUse, true);
    const refused = await terrarium.run(["layers", "rm", name]);
    assert.match(refused.stderr, /is running/);
    await terrarium.run(["rm", "-f", name]);
    assert.equal((await find())?.inUse, false);
    assert.equal((await terrarium.run(["layers", "rm", name])).code, 0);
    assert.ok(!existsSync(join(layers, name)));
    assert.match((await terrarium.run(["layers", "rm", name])).stderr, /no kept layer/);
  });

  test("wants a name, and leaves nothing where the launch fails", async () => {
    const { stderr } = await terrarium.run(["run", "--overlay", "kept", "--", "true"]);
    assert.match(stderr, /give it one \(--name\)/);
    const name = uniqueName();
    const failing = ["--name", name, "--overlay", "kept", "-d", "--", "/no/such/command"];
    assert.notEqual((await terrarium.run(["run", ...failing])).code, 0);
    assert.ok(!existsSync(join(layers, name)));
  });

  test("on a file system that others can write to is refused: CVE-2023-0386", async () => {
    for (const option of ["--overlay", "--idmap-overlay"]) {
      const { events } = await runShell("true", [option, "/proc/sys", "/usr"]);
      const { stage, hint } = events[0] ?? {};
      assert.equal(stage, "overlay");
      assert.match(hint ?? "", /local file system/);
    }
  });

  test("over the root comes before all other mounts", async () => {
    const words = [...idMaps, ...hostPrograms, "--overlay-tmpfs", "/"];
    const { events } = await launch(["run", ...words, "--", "true"]);
    assert.match(events[0]?.hint ?? "", /must be the first mount/);
  });
});
