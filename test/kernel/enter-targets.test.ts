import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { processIds, readStat } from "../../helper/kernel/procfs.ts";
import type { EntryPlan } from "../../helper/protocol/following.ts";
import { clientOf, clientOfUser, eventually, json, terrarium } from "./cli.ts";
import { needsEngine, startRunc } from "./engines.ts";
import { endGroup, findProcess, newSleep } from "./entry-targets.ts";
import { needsRoot, startPlain, strangerId } from "./isolated.ts";

/** Starts the words, which end as a sleep of ours, and answers that one's pid. */
async function startSleep(t: TestContext, script: (sleep: string) => string): Promise<number> {
  const sleep = newSleep();
  const child = spawn("bash", ["-c", script(sleep.join(" "))], { stdio: "ignore", detached: true });
  t.after(() => endGroup(child));
  return findProcess(sleep);
}

const enter = (pid: number, ...words: readonly string[]) =>
  terrarium.run(["enter", `${pid}`, ...words]);

describe("terrarium enter says what it is that cannot be entered", needsRoot, () => {
  it("a zombie", async (t) => {
    // A child that ended before the shell has become sleep would be waited for by the shell.
    const script =
      "unshare -u sh -c 'until grep -qx sleep /proc/$PPID/comm; do sleep 0.05; done' & exec sleep 600";
    const parent = spawn("bash", ["-c", script], { stdio: "ignore", detached: true });
    t.after(() => endGroup(parent));
    const find = () =>
      processIds().find((pid) => {
        const stat = readStat(pid);
        return stat?.state === "Z" && stat.parentPid === parent.pid;
      });
    await eventually("it is a zombie", find);
    const { code, stderr } = await enter(find() ?? 0);
    assert.deepEqual([code, /waits for its parent.*zombie/.test(stderr)], [125, true], stderr);
  });

  it("a thread of the kernel", async (t) => {
    const thread = processIds().find((pid) => ((readStat(pid)?.flags ?? 0) & 0x200000) !== 0);
    if (thread === undefined) return t.skip("this pid namespace has no thread of the kernel");
    const { code, stderr } = await enter(thread);
    assert.deepEqual([code, /thread of the kernel/.test(stderr)], [125, true], stderr);
  });

  it("a process of another user", async (t) => {
    const pid = await startSleep(t, (sleep) => `exec unshare -u ${sleep}`);
    const { code, stderr } = await clientOfUser(strangerId).run(["enter", `${pid}`]);
    assert.deepEqual([code, /belongs to another user/.test(stderr)], [125, true], stderr);
  });

  it("a process that shares everything", async (t) => {
    const { pid } = await startPlain(t);
    const { code, stderr } = await enter(pid);
    assert.deepEqual([code, /shares/.test(stderr)], [125, true], stderr);
  });

  it("the helper itself", async () => {
    // A client without a helper of its own user's is one itself.
    const words = ["-c", 'exec "$@" enter $$', "sh", ...terrarium.command];
    const { code, stderr } = await clientOf(["sh"]).run(words);
    assert.deepEqual([code, /Terrarium's own helper/.test(stderr)], [125, true], stderr);
  });

  it("a process that is frozen", async (t) => {
    const { hierarchies } = readCgroupMounts();
    const unified = hierarchies.find(({ id }) => id === "unified");
    assert.ok(unified);
    const directory = join(unified.mountPoint, `terrarium-frozen-${process.pid}`);
    mkdirSync(directory);
    const pid = await startSleep(t, (sleep) => `exec unshare -u ${sleep}`);
    writeFileSync(join(directory, "cgroup.procs"), `${pid}`);
    // It is held by the cgroup above.
    const inner = join(directory, "inner");
    mkdirSync(inner);
    writeFileSync(join(inner, "cgroup.procs"), `${pid}`);
    writeFileSync(join(directory, "cgroup.freeze"), "1");
    const { code, stderr } = await enter(pid);
    const { frozen } = await json<EntryPlan>(["enter", `${pid}`, "--dry-run"]);
    const thawed = await enter(pid, "--thaw", "--", "echo", "entered");
    const held = readFileSync(join(directory, "cgroup.freeze"), "utf8");
    process.kill(pid, "SIGKILL");
    await eventually("the cgroup can be removed", () => {
      try {
        rmdirSync(inner);
        rmdirSync(directory);
        return true;
      } catch {
        return false;
      }
    });
    assert.deepEqual([code, /is paused.*--thaw/.test(stderr)], [125, true], stderr);
    assert.deepEqual(frozen, [directory]);
    assert.deepEqual([thawed.stdout, held], ["entered\n", "0\n"], thawed.stderr);
    assert.equal(thawed.stderr, `terrarium: thawed ${directory}\n`);
  });
});

describe("terrarium enter enters", needsRoot, () => {
  it("a process three user namespaces deep", async (t) => {
    const nested = "unshare -Ur unshare -Ur unshare -Ur -n -m";
    const pid = await startSleep(t, (sleep) => `exec ${nested} ${sleep}`);
    const { code, stdout, stderr } = await enter(
      pid,
      "--",
      "sh",
      "-c",
      "id -u; readlink /proc/self/ns/user",
    );
    assert.deepEqual([code, stdout], [0, `0\n${readlinkSync(`/proc/${pid}/ns/user`)}\n`], stderr);
  });

  it("a process in a time namespace", async (t) => {
    const pid = await startSleep(t, (sleep) => `exec unshare -T --boottime 864000 --fork ${sleep}`);
    const { code, stdout, stderr } = await enter(
      pid,
      "--",
      "sh",
      "-c",
      "readlink /proc/self/ns/time; cut -d. -f1 /proc/uptime",
    );
    const [time, uptime] = stdout.split("\n");
    assert.deepEqual([code, time], [0, readlinkSync(`/proc/${pid}/ns/time`)], stderr);
    assert.ok(Number(uptime) > 864_000, uptime);
  });

  it("a chroot without a namespace of its own", async (t) => {
    const root = makeRoot(t);
    const pid = await startSleep(t, (sleep) => `exec chroot ${root} ${sleep}`);
    const { code, stdout, stderr } = await enter(pid, "--", "/bin/busybox", "ls", "/");
    assert.deepEqual([code, stdout], [0, "bin\netc\n"], stderr);
    const shell = await enter(pid, "--", "/bin/busybox", "readlink", "/proc/self/exe");
    assert.equal(shell.code, 1, "it has no proc");
  });

  it("a process whose root is gone only as far as there is a program", async (t) => {
    const root = makeRoot(t);
    const pid = await startSleep(t, (sleep) => `exec unshare -m chroot ${root} ${sleep}`);
    rmSync(root, { recursive: true });
    const { code, stderr } = await enter(pid);
    assert.equal(code, 127, stderr);
    assert.match(stderr, /\/bin\/sh/);
  });
});

/** A root with busybox and a passwd. */
function makeRoot(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "terrarium-root-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const name of ["bin", "etc"]) mkdirSync(join(root, name));
  copyFileSync("/usr/bin/busybox", join(root, "bin/busybox"));
  symlinkSync("busybox", join(root, "bin/sleep"));
  return root;
}

describe("what is entered again", needsRoot, () => {
  const startAs = async (t: TestContext, id: string) => {
    const cgroup = `/${id}`;
    startRunc(t, id, cgroup);
    const key = `runc:${id}`;
    await eventually("it runs", async () => (await enterKey(key, "busybox", "true")).code === 0);
    return { key, cgroup };
  };
  const enterKey = (key: string, ...words: readonly string[]) =>
    terrarium.run(["enter", key, "--", ...words]);

  it(
    "is the container of the same identity, started anew, by its key, name or cgroup",
    needsEngine("runc"),
    async (t) => {
      const id = `again-${process.pid}`;
      const { key, cgroup } = await startAs(t, id);
      const first = await json<EntryPlan>(["enter", key, "--dry-run"]);
      for (const word of [id, cgroup]) {
        const { pid } = await json<EntryPlan>(["enter", word, "--dry-run"]);
        assert.equal(pid, first.pid, word);
      }
      await once(spawn("runc", ["delete", "-f", id]), "exit");
      const gone = await enterKey(key, "busybox", "true");
      assert.deepEqual([gone.code, /no container/.test(gone.stderr)], [125, true], gone.stderr);
      await startAs(t, id);
      const second = await json<EntryPlan>(["enter", key, "--dry-run"]);
      assert.notDeepEqual([second.pid, second.startTimeTicks], [first.pid, first.startTimeTicks]);
      const { stdout } = await enterKey(key, "busybox", "readlink", "/proc/self/ns/pid");
      assert.equal(stdout, `${readlinkSync(`/proc/${second.pid}/ns/pid`)}\n`);
    },
  );

  it("is nothing where no container is called so", async () => {
    const { code, stderr } = await terrarium.run(["enter", "nobody-has-this-name"]);
    assert.deepEqual([code, /no sandbox or container/.test(stderr)], [125, true], stderr);
  });
});

describe("the shell of whom is entered", needsRoot, () => {
  const shellOf = async (root: string, t: TestContext): Promise<readonly string[]> => {
    const pid = await startSleep(t, (sleep) => `exec bwrap --bind ${root} / ${sleep}`);
    return (await json<EntryPlan>(["enter", `${pid}`, "--dry-run"])).args;
  };

  it("is that of passwd where it is there, else bash, sh, busybox", async (t) => {
    const root = makeRoot(t);
    assert.deepEqual(await shellOf(root, t), ["/bin/busybox", "sh"]);
    writeFileSync(join(root, "bin/sh"), "");
    assert.deepEqual(await shellOf(root, t), ["/bin/sh"]);
    writeFileSync(join(root, "bin/ash"), "");
    writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/root:/bin/ash\n");
    assert.deepEqual(await shellOf(root, t), ["/bin/ash"]);
    writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/root:/usr/sbin/nologin\n");
    assert.deepEqual(await shellOf(root, t), ["/bin/sh"]);
    writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/root:/bin/nowhere\n");
    assert.deepEqual(await shellOf(root, t), ["/bin/sh"]);
  });

  it("is not looked for outside of its root, nor in a passwd that is none", {
    timeout: 60_000,
  }, async (t) => {
    const root = makeRoot(t);
    const secret = `root:x:0:0::/root:/bin/odd\n`;
    const outside = join(tmpdir(), `terrarium-passwd-${process.pid}`);
    t.after(() => rmSync(outside, { force: true }));
    writeFileSync(outside, secret);
    for (const name of ["sh", "odd"]) writeFileSync(join(root, "bin", name), "");
    for (const target of [outside, `../../../../..${outside}`, `/proc/1/root${outside}`]) {
      rmSync(join(root, "etc/passwd"), { force: true });
      symlinkSync(target, join(root, "etc/passwd"));
      assert.deepEqual(await shellOf(root, t), ["/bin/sh"], target);
    }
    rmSync(join(root, "etc/passwd"));
    await once(spawn("mkfifo", [join(root, "etc/passwd")]), "exit");
    assert.deepEqual(await shellOf(root, t), ["/bin/sh"], "a pipe that nobody writes to");
    rmSync(join(root, "etc/passwd"));
    writeFileSync(join(root, "etc/passwd"), secret + " ".repeat(2 * 1024 * 1024));
    assert.deepEqual(await shellOf(root, t), ["/bin/sh"], "longer than any");
  });
});

describe("terrarium enter --dry-run", needsRoot, () => {
  it("says where host, target and who enters differ, and starts nothing", async (t) => {
    const pid = await startSleep(
      t,
      (sleep) =>
        `umask 0777; exec unshare -u setpriv --bounding-set=-all,+chown --no-new-privs ${sleep}`,
    );
    const plan = await json<EntryPlan>(["enter", `${pid}`, "--dry-run"]);
    const row = (name: string) => plan.rows.find((candidate) => candidate.name === name);
    assert.deepEqual(plan.namespaces, ["uts"]);
    assert.deepEqual(row("umask"), {
      name: "umask",
      host: "0022",
      target: "0777",
      entered: "0777",
    });
    assert.equal(row("no_new_privs")?.entered, "yes");
    assert.equal(row("bounding set")?.entered, "1: chown");
    assert.equal(row("net namespace"), undefined);
    const part = await json<EntryPlan>(["enter", `${pid}`, "--dry-run", "--follow", "identity"]);
    assert.equal(part.rows.find(({ name }) => name === "umask")?.entered, "0022");
    const { stdout } = await enter(pid, "--dry-run");
    assert.match(stdout, /HOST +TARGET +YOU WILL HAVE\numask|umask +0022 +0777 +the same/);
  });

  it("agrees with what --follow then does", async (t) => {
    const pid = await startSleep(t, (sleep) => `umask 0777; exec unshare -u nice -n 5 ${sleep}`);
    const look = ["--", "bash", "-c", "umask; nice"];
    assert.equal((await enter(pid, ...look)).stdout, "0777\n5\n");
    const { stdout } = await enter(pid, "--follow", "identity,scheduling", ...look);
    assert.equal(stdout, "0022\n5\n");
    const wrong = await enter(pid, "--follow", "identity,umsk");
    assert.deepEqual([wrong.code, /"umsk"/.test(wrong.stderr)], [125, true]);
  });
});

describe("terrarium enter --as-root", needsRoot, () => {
  it("warns in words, and keeps the namespaces without the confinement", async (t) => {
    const drop =
      "setpriv --reuid 65533 --regid 65533 --clear-groups --bounding-set=-all --no-new-privs";
    const pid = await startSleep(t, (sleep) => `exec unshare -u ${drop} ${sleep}`);
    const look = [
      "--",
      "sh",
      "-c",
      "id -u; grep NoNewPrivs /proc/self/status; readlink /proc/self/ns/uts",
    ];
    const { stdout, stderr } = await enter(pid, "--as-root", ...look);
    assert.equal(stdout, `0\nNoNewPrivs:\t0\n${readlinkSync(`/proc/${pid}/ns/uts`)}\n`);
    assert.match(stderr, /more rights than the container has/);
  });

  it("needs a helper of root's", async (t) => {
    const become = `setpriv --reuid ${strangerId} --regid ${strangerId} --clear-groups`;
    const pid = await startSleep(t, (sleep) => `exec ${become} unshare -Ur -u ${sleep}`);
    const { code, stderr } = await clientOfUser(strangerId).run(["enter", `${pid}`, "--as-root"]);
    assert.deepEqual([code, /needs a helper of root/.test(stderr)], [125, true], stderr);
  });
});
