import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { processIds, readCommandLine, readStat } from "../../helper/kernel/procfs.ts";
import type { EntryPlan } from "../../helper/protocol/following.ts";
import { type Client, clientOfUser, eventually, json, terrarium } from "./cli.ts";
import { endGroup } from "./entry-targets.ts";
import { needsRoot, strangerId } from "./isolated.ts";
import { buildStatic } from "./programs.ts";

/** Containers that are one static program and nothing else. */
describe("a target without a shell", needsRoot, () => {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-toolbox-"));
  const program = join(folder, "lonely");
  before(() => {
    chmodSync(folder, 0o755);
    buildStatic(join(import.meta.dirname, "attacks/lonely.c"), program);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const makeRoot = (): string => {
    const root = mkdtempSync(join(folder, "root-"));
    for (const name of ["proc", "mnt", "etc"]) mkdirSync(join(root, name));
    chmodSync(root, 0o755);
    copyFileSync(program, join(root, "app"));
    return root;
  };

  /** `script` gets the root as $1 and, as the words after it, what it has to start there. */
  const start = async (t: TestContext, script: string, root = makeRoot()): Promise<number> => {
    const name = `lonely-${count++}`;
    const child = spawn("bash", ["-c", script, "bash", root, "/app", name], {
      stdio: ["ignore", "ignore", "inherit"],
      detached: true,
    });
    t.after(() => endGroup(child));
    const find = () =>
      processIds().find(
        (pid) => readStat(pid)?.command === "lonely" && readCommandLine(pid)?.at(-1) === name,
      );
    await eventually("the program runs", find);
    return find() ?? 0;
  };
  let count = 0;

  const enter = (
    pid: number,
    script: string,
    options = ["--toolbox"],
    client: Client = terrarium,
  ) => client.run(["enter", `${pid}`, ...options, "--", "sh", "-c", script]);

  const plain =
    'root=$1; shift; exec bwrap --unshare-pid --unshare-uts --bind "$root" / --proc /proc "$@"';

  /** Each is a way to have a root of one's own. */
  const ways: Readonly<Record<string, string>> = {
    "in namespaces of the host's user namespace": plain,
    "in a chroot in a mount namespace": 'root=$1; shift; exec unshare -m chroot "$root" "$@"',
    "in a chroot alone": 'root=$1; shift; exec chroot "$root" "$@"',
    "with all namespaces and a user namespace of its own":
      'root=$1; shift; exec bwrap --unshare-all --uid 1000 --gid 1000 --bind "$root" / --proc /proc "$@"',
    "in a user namespace that does not own its mounts":
      'root=$1; shift; exec unshare -m unshare -U --map-root-user chroot "$root" "$@"',
    "whose mounts a user namespace three deep owns":
      'root=$1; shift; exec unshare -Urm unshare -Urm unshare -Urm chroot "$root" "$@"',
    "whose root is read-only":
      'root=$1; shift; exec bwrap --unshare-all --ro-bind "$root" / --proc /proc "$@"',
  };

  it("is refused with the way out, and told of beforehand", async (t) => {
    const pid = await start(t, plain);
    const plan = await json<EntryPlan>(["enter", `${pid}`, "--dry-run"]);
    assert.deepEqual([plan.shells, plan.toolbox], [[], { used: false }]);
    const { code, stderr } = await terrarium.run(["enter", `${pid}`]);
    assert.deepEqual([code, /enter \d+ --toolbox"/.test(stderr)], [125, true], stderr);
    const shown = await terrarium.run(["enter", `${pid}`, "--dry-run", "--toolbox"]);
    assert.match(shown.stdout, /toolbox +is brought along/);
    assert.match(shown.stdout, /root .* a toolbox, and the target's at \/target/);
  });

  for (const [way, script] of Object.entries(ways)) {
    it(`is entered with tools beside its root: ${way}`, async (t) => {
      const root = makeRoot();
      const pid = await start(t, script, root);
      const before = snapshot(pid, root);
      const look = "pwd; ls /target; echo $PATH | cut -d: -f1; touch /made || echo sealed";
      const { code, stdout, stderr } = await enter(pid, look);
      const expected = "/target\napp\netc\nmnt\nproc\n/bin\nsealed\n";
      assert.deepEqual([code, stdout], [0, expected], stderr);
      assert.deepEqual(snapshot(pid, root), before, "the target sees nothing of it");
    });
  }

  it("lends its confinement to the tools", async (t) => {
    const kept = "-all,+chown,+sys_chroot,+setuid,+setgid";
    const pid = await start(
      t,
      `umask 0027; ulimit -n 99; exec unshare -m -u bash -c '
         mount --bind /proc "$1/proc"; root=$1; shift
         exec setpriv --bounding-set=${kept} --no-new-privs chroot --userspec=4711:4712 --groups=4713 "$root" "$@"' bash "$@"`,
    );
    const { stdout, stderr } = await enter(pid, "cat /proc/self/status /proc/self/cgroup");
    const fields = (text: string) =>
      text
        .split("\n")
        .filter((line) => /^(Uid|Gid|Groups|Cap|NoNew|Seccomp|Umask|\d+:)/.test(line));
    const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, "utf8");
    assert.deepEqual(fields(stdout), fields(read("status") + read("cgroup")), stderr);
    const limit = /^Max open files.*$/m;
    const limits = await enter(pid, "cat /proc/self/limits");
    assert.equal(limit.exec(limits.stdout)?.[0], limit.exec(read("limits"))?.[0]);
  });

  it("hides what is mounted by one from the other", { timeout: 60_000 }, async (t) => {
    const root = makeRoot();
    const script = `root=$1; shift; exec unshare -m --propagation shared bash -c '
      mount --bind "$0" "$0"; mount --make-shared "$0"
      (until [ -e "$0/etc/go" ]; do sleep 0.05; done; mount -t tmpfs late "$0/etc"; touch "$0/etc/late" "$0/done") &
      exec chroot "$0" "$@"' "$root" "$@"`;
    const pid = await start(t, script, root);
    const inside = `mount -t tmpfs mine /target/mnt && touch /target/mnt/mine && touch /target/etc/go
      until [ -e /target/done ]; do sleep 0.05; done; ls /target/mnt /target/etc`;
    const { code, stdout, stderr } = await enter(pid, inside);
    assert.deepEqual([code, stdout], [0, "/target/etc:\ngo\n\n/target/mnt:\nmine\n"], stderr);
    const mounts = readFileSync(`/proc/${pid}/mountinfo`, "utf8");
    assert.deepEqual([/ mine /.test(mounts), / late /.test(mounts)], [false, true], mounts);
    assert.deepEqual(readdirSync(join(root, "mnt")), []);
  });

  it("cannot lead out of its root by links", async (t) => {
    const root = makeRoot();
    const canary = mkdtempSync(join(folder, "canary-"));
    for (const name of ["bin", "target", "dev", "usr", "tmp"]) {
      symlinkSync(`../../../../../..${canary}`, join(root, name));
    }
    const pid = await start(t, plain, root);
    const script = `cd /target/bin; ls /target/bin/ /tmp/ /usr/ >/dev/null 2>&1 && echo out; echo made > /tmp/made; ls -d /bin/ls`;
    const { stdout } = await enter(pid, script);
    assert.equal(stdout, "/bin/ls\n");
    assert.deepEqual(readdirSync(canary), []);
  });

  it("gives it no descriptor but three", async (t) => {
    const pid = await start(t, plain);
    const { stdout, stderr } = await enter(pid, "exec ls /proc/self/fd");
    assert.equal(stdout, "0\n1\n2\n3\n", stderr); // and that of the directory itself
  });

  it("gives up where its files are a program's that answers nobody", {
    timeout: 60_000,
  }, async (t) => {
    if (!existsSync("/dev/fuse")) return t.skip("no /dev/fuse");
    const root = makeRoot();
    const script = `root=$1; shift 2; exec ${program} fuse "$root" "$@"`;
    const pid = await start(t, script, root);
    const { code, stderr } = await enter(pid, "true", ["--toolbox=always"]);
    assert.deepEqual([code, /does not answer/.test(stderr)], [125, true], stderr);
    assert.ok(lstatSync(`/proc/${pid}`).isDirectory());
  });

  it("is entered so by an ordinary user, where it is the user's", async (t) => {
    const become = `setpriv --reuid ${strangerId} --regid ${strangerId} --clear-groups`;
    const pid = await start(t, `root=$1; shift; exec ${become} unshare -Urm chroot "$root" "$@"`);
    const client = clientOfUser(strangerId);
    const { code, stdout, stderr } = await enter(pid, "pwd; id -u", ["--toolbox"], client);
    assert.deepEqual([code, stdout], [0, "/target\n0\n"], stderr);
  });

  it("is not brought along where the files are the host's, or there is a shell already", async (t) => {
    const pid = await start(t, plain);
    const only = await terrarium.run(["enter", `${pid}`, "--only", "uts", "--toolbox=always"]);
    assert.deepEqual([only.code, /the files are the host's/.test(only.stderr)], [125, true]);
    const root = makeRoot();
    mkdirSync(join(root, "bin"));
    copyFileSync("/usr/bin/busybox", join(root, "bin/sh"));
    const shell = await start(t, plain, root);
    assert.match((await enter(shell, "pwd")).stdout, /^\/$/m);
    assert.match((await enter(shell, "pwd", ["--toolbox=always"])).stdout, /^\/target$/m);
    const wrong = await terrarium.run(["enter", `${shell}`, "--toolbox=often"]);
    assert.deepEqual([wrong.code, /often is unknown/.test(wrong.stderr)], [125, true]);
  });
});

/** What a target could notice. */
function snapshot(pid: number, root: string): unknown {
  const { mtimeMs, ctimeMs } = lstatSync(root);
  return [
    readFileSync(`/proc/${pid}/mountinfo`, "utf8"),
    readFileSync("/proc/self/mountinfo", "utf8"),
    readlinkSync(`/proc/${pid}/ns/mnt`),
    readdirSync(root, { recursive: true }),
    [mtimeMs, ctimeMs],
  ];
}
