import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import type { HostRows } from "../../helper/protocol/hostTables.ts";
import { eventually, json, list, terrarium } from "./cli.ts";
import { needsRoot, startPlain, strangerId } from "./isolated.ts";
import { launcherPath } from "./launcher.ts";

/** What is entered may be anything: made by somebody else, gone, or another than it was. */
describe("a process that is entered", needsRoot, () => {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-targets-"));
  chmodSync(folder, 0o755);
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("row 15, CVE-2022-31214: that poses as a sandbox makes nobody more than the user who made it", async (t) => {
    const open = join(folder, "open");
    mkdirSync(open);
    chmodSync(open, 0o1777);
    const fake = join(folder, "terrarium-init");
    copyFileSync("/bin/sleep", fake);
    const script = `exec setpriv --reuid ${strangerId} --regid ${strangerId} --clear-groups unshare -Ur -m \\
      sh -c 'mount -t tmpfs none /run; mkdir -p /run/terrarium/sandboxes/0123456789ab; echo "{}" > /run/terrarium/sandboxes/0123456789ab/record.json;
             read -r pid rest < /proc/self/stat; echo "$pid"; exec ${fake} 600'`;
    const { pid } = await startPlain(t, script);
    const ran = await terrarium.run([
      "enter",
      `${pid}`,
      "--",
      "sh",
      "-c",
      `id -u; touch ${open}/made`,
    ]);
    assert.equal(ran.stdout, "0\n", "root of its own user namespace");
    const { uid, gid } = statSync(join(open, "made"));
    assert.deepEqual([uid, gid], [strangerId, strangerId]);
    assert.ok((await list()).every(({ id }) => id !== "0123456789ab"));
    for (const name of ["0123456789ab", "terrarium-init"])
      assert.equal((await terrarium.run(["exec", name, "--", "true"])).code, 125);
  });

  test("row 25: whose process id was given to another one since is refused", () => {
    const startTime = (pid: string) => `$(sed 's/.*) //' /proc/${pid}/stat | cut -d' ' -f20)`;
    const script = `
      sleep 600 & first=$!; began=${startTime("$first")}
      kill -KILL $first; wait $first; sleep 0.05
      echo $((first - 1)) > /proc/sys/kernel/ns_last_pid
      sleep 600 & second=$!
      echo $((first == second))
      enter() { "$1" enter --pid $second --start-time $2 --namespaces uts --env PATH=/bin -- echo entered; }
      enter "$1" $began 2>/dev/null; echo $?
      enter "$1" ${startTime("$second")}; echo $?`;
    const flags = ["--pid", "--fork", "--mount-proc", "--kill-child"];
    const { stdout } = spawnSync(
      "unshare",
      [...flags, "bash", "-c", script, "bash", launcherPath],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    assert.equal(stdout, "1\n125\nentered\n0\n");
  });

  test("row 25: is never another that took its number while it was entered, in 1,000 tries", {
    timeout: 300_000,
  }, () => {
    // The target ends at another moment each time; who gets its number next has another host name.
    const script = `
      hostname wrong; right=0 ended=0 other=0
      for try in $(seq 1000); do
        unshare -u sh -c 'hostname right; exec sleep 600' & first=$!
        until [ "$(cat /proc/$first/comm)" = sleep ]; do :; done
        began=$(sed 's/.*) //' /proc/$first/stat | cut -d' ' -f20)
        sleep 0.01 # the kernel tells the time of a beginning to a hundredth of a second
        "$1" enter --pid $first --start-time $began --namespaces uts --follow --seccomp target --env PATH=/bin -- hostname >out 2>/dev/null & entry=$!
        for pause in $(seq $((try % 50))); do :; done
        kill -KILL $first; wait $first
        echo $((first - 1)) > /proc/sys/kernel/ns_last_pid
        sleep 600 & second=$!
        wait $entry; code=$?
        kill -KILL $second; wait $second
        case $code:$(cat out) in 0:right) right=$((right + 1));; 125: | 137:*) ended=$((ended + 1));; *) other=$((other + 1)); echo "$code $(cat out)" >&2;; esac
      done 2>/dev/null
      echo $right $ended $other`;
    const flags = ["--uts", "--pid", "--fork", "--mount-proc", "--kill-child"];
    const { stdout } = spawnSync(
      "unshare",
      [...flags, "bash", "-c", script, "bash", launcherPath],
      {
        encoding: "utf8",
        cwd: mkdtempSync(join(folder, "recycled-")),
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    const [right = 0, ended = 0, other] = stdout.trim().split(" ").map(Number);
    assert.deepEqual([right + ended, other], [1000, 0], stdout);
    assert.ok(right > 0 && ended > 0, `both happened: ${stdout}`);
  });

  test("row 31: in the leaf of a tree of cgroups, as under systemd, is joined there", async (t) => {
    const unified = readCgroupMounts().hierarchies.find(({ id }) => id === "unified");
    assert.ok(unified, "every kernel that we run on has the tree of version 2");
    const parent = join(unified.mountPoint, `terrarium-test-${process.pid}`);
    const leaf = join(parent, "init.scope");
    mkdirSync(leaf, { recursive: true });
    const { pid, end } = await startPlain(
      t,
      `exec unshare --uts sh -c 'read -r pid rest < /proc/self/stat; echo "$pid"; exec sleep 600'`,
    );
    writeFileSync(join(leaf, "cgroup.procs"), `${pid}`);
    try {
      const own = readFileSync(`/proc/${pid}/cgroup`, "utf8");
      const { stdout } = await terrarium.run(["enter", `${pid}`, "--", "cat", "/proc/self/cgroup"]);
      assert.equal(stdout, own);
      assert.match(stdout, /^0::.*\/init\.scope$/m);
    } finally {
      await end();
      await eventually("the leaf is empty", () => isRemoved(leaf));
      rmdirSync(parent);
    }
  });
});

/** Holds thousands of descriptors, and has hundreds of children with a namespace each, a long name and a long command line. */
const crowd = `
import ctypes, os, resource, signal
libc = ctypes.CDLL(None)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
for _ in range(min(10000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100)):
    os.dup(0)
resource.setrlimit(resource.RLIMIT_STACK, (64 << 20, resource.RLIM_INFINITY))
told, telling = os.pipe()
for _ in range(300):
    if os.fork() == 0:
        libc.prctl(1, 9)  # ends with its parent
        libc.unshare(0x04000000)  # CLONE_NEWUTS
        os.write(telling, b".")
        signal.pause()
for _ in range(300): os.read(told, 1)
if os.fork() == 0:
    libc.prctl(1, 9)
    os.execv("/bin/sleep", ["sleep", "600"] + ["0" * 100000] * 10)
print(open("/proc/self/stat").read().split()[0], flush=True)
signal.pause()`;

describe("a machine that is full", needsRoot, () => {
  test("row 32: of namespaces, descriptors and long command lines is reported whole, and what is long is cut", async (t) => {
    await startPlain(t, `exec python3 -c '${crowd}'`);
    const { namespaces } = await json<Pick<HostRows, "namespaces">>(["ns", "-t", "uts"]);
    assert.ok(namespaces.length > 300, `${namespaces.length}`);
    const { stdout } = await terrarium.run(["ns", "--json"]);
    assert.ok(stdout.length < 4 << 20, `${stdout.length}`);
  });
});

function isRemoved(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    return false;
  }
}
