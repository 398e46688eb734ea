import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  asleep,
  asRoot,
  launch,
  launcherPath,
  type Session,
  start,
  statusOf,
  until,
} from "./launcher.ts";

/** What a process that was entered shares with its target beside identity and namespaces, and where it stands. */
const attributes: Readonly<Record<string, (pid: number) => string | undefined>> = {
  umask: (pid) => statusOf(pid, "Umask"),
  affinity: (pid) => statusOf(pid, "Cpus_allowed"),
  limits: (pid) => read(pid, "limits"),
  oom_score_adj: (pid) => read(pid, "oom_score_adj"),
  personality: (pid) => read(pid, "personality"),
  timer_slack: (pid) => read(pid, "timerslack_ns"),
  scheduling: (pid) => tool("chrt", "-p", `${pid}`).replaceAll(`pid ${pid}'s`, ""),
  nice: (pid) => statField(pid, 19),
  ioprio: (pid) => tool("ionice", "-p", `${pid}`),
};

const privileges = ["Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];
const confined = [...privileges, "NoNewPrivs", "Seccomp", "Seccomp_filters"];

const read = (pid: number, file: string): string => readFileSync(`/proc/${pid}/${file}`, "utf8");
/** By its number in proc_pid_stat(5); the name before the third may hold spaces. */
const statField = (pid: number, number: number): string | undefined =>
  read(pid, "stat")
    .replace(/^.*\) /s, "")
    .split(" ")[number - 3];
const tool = (...[program = "", ...words]: string[]): string =>
  execFileSync(program, words, { encoding: "utf8" });
const runsOn = (pid: number): boolean => /^[SR]/.test(statusOf(pid, "State") ?? "");

describe("launcher enter --follow", asRoot, () => {
  const directory = mkdtempSync(join(tmpdir(), "terrarium-follow-"));
  const filtered = join(directory, "filtered");
  const children: ChildProcess[] = [];
  before(() => {
    chmodSync(directory, 0o755);
    const source = join(import.meta.dirname, "attacks/filtered.c");
    execFileSync("gcc", ["-Wall", "-Werror", "-o", filtered, source]);
  });
  after(() => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  });

  /** A shell line that ends with `exec … sleep 1000`. */
  const target = async (script: string): Promise<number> => {
    const child = spawn("bash", ["-c", script], { stdio: "ignore" });
    children.push(child);
    await asleep(child.pid ?? 0);
    return child.pid ?? 0;
  };

  const options = (pid: number, ...more: readonly string[]) => [
    ...["enter", "--pid", `${pid}`, "--namespaces", "uts", "--env", "PATH=/usr/bin:/bin"],
    ...["--follow", ...more],
  ];

  const entered = async (
    pid: number,
    look: (entered: number, session: Session) => void | Promise<void>,
    ...more: readonly string[]
  ): Promise<void> => {
    const session = start([...options(pid, ...more), "--", "sleep", "1000"]);
    const inside = await session.ready;
    await asleep(inside);
    await look(inside, session);
    session.process.kill("SIGTERM");
    await session.ended;
  };

  const unfollowed = ({ told }: Session): unknown =>
    told().find(({ event }) => event === "ready")?.unfollowed;

  const odd = `umask 0027; ulimit -n 500; ulimit -Sc 0; echo 300 > /proc/self/oom_score_adj
    exec unshare -u setarch ${process.arch === "arm64" ? "aarch64" : "x86_64"} -R taskset 1 ionice -c 2 -n 7 chrt -b 0 nice -n 4 sleep 1000`;

  it("gives the command the target's umask, limits, scheduling, personality and more", async () => {
    const pid = await target(odd);
    execFileSync("sh", ["-c", `echo 123456 > /proc/${pid}/timerslack_ns`]);
    await entered(pid, (inside, session) => {
      for (const [name, of] of Object.entries(attributes)) assert.equal(of(inside), of(pid), name);
      assert.equal(unfollowed(session), undefined);
    });
  });

  it("leaves what it is told to leave", async () => {
    const pid = await target(odd);
    const left = ["umask", "affinity", "oom_score_adj", "personality", "rlimits"];
    await entered(
      pid,
      (inside) => {
        for (const name of ["umask", "affinity", "oom_score_adj", "personality", "limits"]) {
          assert.equal(attributes[name]?.(inside), attributes[name]?.(process.pid), name);
        }
        assert.equal(attributes["nice"]?.(inside), "4");
      },
      ...left.flatMap((name) => ["--leave", name]),
    );
    const { code, stderr, events } = await launch(options(pid, "--leave", "umsk", "--", "true"));
    assert.deepEqual([code, events[0]?.hint?.includes("nearest is umask")], [125, true], stderr);
  });

  it("tells what it could not take over, and goes on", async () => {
    const user = ["setpriv", "--reuid", "65533", "--regid", "65533", "--clear-groups"];
    const pid = await target(`exec ${user.join(" ")} unshare -Ur --uts sleep 1000`);
    execFileSync("renice", ["-n", "-5", "-p", `${pid}`]);
    const line = options(pid, "--seccomp", "target", "--", "sh", "-c", "nice");
    line[line.indexOf("uts")] = "user,uts";
    const { code, stdout, events } = await launch(line, { prefix: user });
    assert.deepEqual([code, stdout], [0, "0\n"], JSON.stringify(events));
    assert.deepEqual(events[0]?.unfollowed, { scheduling: "EPERM" });
  });

  describe("--seccomp target", () => {
    const hostname = [
      "python3",
      "-c",
      "import socket\ntry: socket.sethostname('x')\nexcept OSError as e: print(e.errno)",
    ];

    it("installs copies of the target's filters, the oldest first", async () => {
      for (const words of ["first second", "second first"]) {
        const pid = await target(`exec unshare -u ${filtered} ${words} -- sleep 1000`);
        const expected = words.endsWith("second") ? "18\n" : "33\n";
        const { stdout, events } = await launch([
          ...options(pid, "--seccomp", "target"),
          "--",
          ...hostname,
        ]);
        assert.deepEqual([stdout, events[0]?.unfollowed], [expected, undefined], words);
        assert.ok(runsOn(pid), "it was not left stopped");
      }
    });

    it("needs CAP_SYS_ADMIN for them until the command runs, and not after", async () => {
      const set = "-all,+chown,+setuid,+kill";
      for (const words of ["", "--no-new-privs"]) {
        const drop = `setpriv --bounding-set=${set} --inh-caps=-all ${words}`;
        const pid = await target(`exec unshare -u ${filtered} first -- ${drop} sleep 1000`);
        await entered(
          pid,
          (inside) => {
            for (const key of confined)
              assert.equal(statusOf(inside, key), statusOf(pid, key), key);
          },
          ...["--seccomp", "target"],
        );
      }
    });

    it("is not deceived by filters that only say that rights were taken away", async () => {
      const drop = "setpriv --bounding-set=-all,+sys_admin";
      const pid = await target(
        `umask 077; ulimit -n 99; exec unshare -u ${drop} ${filtered} lie -- sleep 1000`,
      );
      await entered(
        pid,
        (inside) => {
          for (const key of [...confined, "Umask"]) {
            assert.equal(statusOf(inside, key), statusOf(pid, key), key);
          }
          assert.equal(read(inside, "limits"), read(pid, "limits"));
          assert.deepEqual(readdirSync(`/proc/${inside}/fd`), ["0", "1", "2"]);
          assert.equal(statField(inside, 6), `${inside}`, "a session of its own");
        },
        ...["--seccomp", "target"],
      );
    });

    it("gives a process whose filters cannot be read our own, and says so", async () => {
      const pid = await target(`exec unshare -u ${filtered} first -- sleep 1000`);
      const tracer = spawn("strace", ["-q", "-o", "/dev/null", "-p", `${pid}`], {
        stdio: "ignore",
      });
      children.push(tracer);
      await until(() => statusOf(pid, "TracerPid") !== "0", "it is traced");
      const { stdout, events } = await launch([
        ...options(pid, "--seccomp", "target"),
        ...["--", "grep", "-c", "^Seccomp:.2", "/proc/self/status"],
      ]);
      assert.deepEqual([stdout, events[0]?.unfollowed], ["1\n", { seccomp: "EPERM" }]);
      tracer.kill("SIGKILL");
    });

    it("lets the target run on when the launcher is killed while it reads them", async () => {
      const pid = await target(`exec unshare -u ${filtered} first second -- sleep 1000`);
      const line = options(pid, "--seccomp", "target", "--", "true").join(" ");
      for (let delay = 0; delay < 100; delay++) {
        spawnSync("timeout", ["-s", "KILL", `0.00${delay}`, "sh", "-c", `${launcherPath} ${line}`]);
      }
      await until(() => runsOn(pid) && statusOf(pid, "TracerPid") === "0", "nobody traces it");
    });
  });
});
