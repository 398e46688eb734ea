import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { strangerId } from "./isolated.ts";
import {
  asleep,
  asRoot,
  isAlive,
  launch,
  launcherPath,
  statusOf,
  underTerminal,
  until,
} from "./launcher.ts";
import { buildStatic } from "./programs.ts";

const tries = 1000;
const patient = { ...asRoot, timeout: 300_000 };

/** Each tries what a hostile process can do to who enters it, a thousand times. */
describe("whoever enters a hostile process", { skip: asRoot.skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-hostile-"));
  const [entered, swap] = [join(folder, "entered"), join(folder, "swap")];
  before(() => {
    chmodSync(folder, 0o755);
    for (const program of [entered, swap]) {
      buildStatic(join(import.meta.dirname, `attacks/${program.split("/").at(-1)}.c`), program);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const startFrom = (t: TestContext, program: string, ...words: string[]): number => {
    const child: ChildProcess = spawn(program, words, { stdio: "ignore" });
    t.after(() => child.kill("SIGKILL"));
    return child.pid ?? 0;
  };
  const enter = (pid: number, namespaces: string, ...words: readonly string[]) =>
    launch(["enter", "--pid", `${pid}`, "--namespaces", namespaces, "--follow", ...words]);

  it(
    "row 3, CVE-2024-21626: never begins outside of its root, where the process is half of the time",
    patient,
    async (t) => {
      const root = join(folder, "root");
      mkdirSync(root);
      copyFileSync(entered, join(root, "entered"));
      const pid = startFrom(t, entered, "wander", root, tmpdir());
      await until(() => statusOf(pid, "Name") === "entered", "it wanders");
      const seen = new Map<string, number>();
      for (let round = 0; round < tries; round += 1) {
        const { stdout } = await enter(pid, "mnt", "--", "/entered", "where");
        seen.set(stdout, (seen.get(stdout) ?? 0) + 1);
      }
      assert.deepEqual([...seen], [["/\n", tries]]);
    },
  );

  it(
    "row 3, CVE-2024-21626: is led by no link that takes the place of the directory asked for",
    patient,
    async (t) => {
      const root = join(folder, "swapped");
      const [work, link] = [join(root, "work"), join(root, "link")];
      mkdirSync(work, { recursive: true });
      symlinkSync("/proc/self/fd/7", link);
      mkdirSync(join(root, "proc"));
      copyFileSync(entered, join(root, "entered"));
      const script = `mount --bind /proc "$1/proc"; exec chroot "$1" /entered wander / /`;
      const pid = startFrom(t, "unshare", "-m", "sh", "-c", script, "sh", root);
      await until(() => statusOf(pid, "Name") === "entered", "it is there");
      startFrom(t, swap, work, link);
      const seen = new Set<string>();
      for (let round = 0; round < tries; round += 1) {
        const ran = await enter(pid, "mnt", "--chdir", "/work", "--", "/entered", "where");
        seen.add(`${ran.code} ${ran.stdout}`);
      }
      const allowed = ["0 /work\n", "0 /link\n", "125 "];
      assert.deepEqual(
        [...seen].filter((one) => !allowed.includes(one)),
        [],
      );
      assert.ok(seen.has("125 ") && seen.size > 1, `both happened: ${[...seen]}`);
    },
  );

  it(
    "row 15, CVE-2022-31214: gets no rights of one who makes himself root of a user namespace meanwhile",
    patient,
    async () => {
      const seen = { refused: 0, stranger: 0, other: 0 };
      for (let round = 0; round < tries; round += 1) {
        const words = ["pose", `${strangerId}`, `${(round * 37) % 30000}`];
        const target = spawn("unshare", ["-u", entered, ...words], { stdio: "ignore" });
        await until(() => statusOf(target.pid ?? 0, "Uid").startsWith(`${strangerId}`), "it poses");
        const { code, stdout } = await enter(
          target.pid ?? 0,
          "uts",
          "--",
          "/bin/cat",
          "/proc/self/status",
        );
        target.kill("SIGKILL");
        const isStranger =
          /^CapEff:\t0{16}$/m.test(stdout) && stdout.includes(`Uid:\t${strangerId}\t`);
        if (code === 125 && stdout === "") seen.refused += 1;
        else if (code === 0 && isStranger) seen.stranger += 1;
        else seen.other += 1;
      }
      assert.deepEqual(
        [seen.refused + seen.stranger, seen.other],
        [tries, 0],
        JSON.stringify(seen),
      );
      assert.ok(seen.refused > 0 && seen.stranger > 0, `both happened: ${JSON.stringify(seen)}`);
    },
  );

  it(
    "row 29: comes to an end, however often the cgroup is frozen meanwhile",
    patient,
    async (t) => {
      const unified = readCgroupMounts().hierarchies.find(({ id }) => id === "unified");
      assert.ok(unified);
      const directory = join(unified.mountPoint, `terrarium-freezing-${process.pid}`);
      mkdirSync(directory);
      const pid = startFrom(t, "unshare", "-u", "sleep", "1000");
      await asleep(pid);
      writeFileSync(join(directory, "cgroup.procs"), `${pid}`);
      const flip = 'while :; do echo 1 > "$1"; echo 0 > "$1"; done';
      const freezer = spawn("sh", ["-c", flip, "sh", join(directory, "cgroup.freeze")], {
        stdio: "ignore",
      });
      const codes = new Set<number | null>();
      for (let round = 0; round < tries; round += 1) {
        codes.add((await enter(pid, "uts", "--cgroup", directory, "--", "/bin/true")).code);
      }
      freezer.kill("SIGKILL");
      await new Promise((resolve) => freezer.once("exit", resolve));
      writeFileSync(join(directory, "cgroup.freeze"), "1");
      const stuck = await enter(pid, "uts", "--cgroup", directory, "--", "/bin/true");
      writeFileSync(join(directory, "cgroup.freeze"), "0");
      assert.deepEqual([...codes], [0]);
      assert.deepEqual([stuck.code, stuck.events[0]?.errno], [125, "ETIMEDOUT"]);
      assert.ok(isAlive(pid));
      process.kill(pid, "SIGKILL");
      await until(() => {
        rmdirSync(directory);
        return true;
      }, "the cgroup can be removed");
    },
  );

  it(
    "row 14, CVE-2017-5226, CVE-2019-10063: has nothing typed into the terminal outside",
    patient,
    async (t) => {
      const pid = startFrom(t, "unshare", "-u", "sleep", "1000");
      await asleep(pid);
      /** What the terminal outside would give to the next program. */
      const typed = async (...words: readonly string[]): Promise<string | undefined> => {
        const read = "dd bs=1 count=4 iflag=nonblock 2>/dev/null";
        const line = [...words, entered, "type"].join(" ");
        const shell = `stty -icanon -echo; ${line}; echo; printf "<"; ${read}; echo ">"`;
        const { stdout } = await underTerminal(`sh -c '${shell}'`);
        return /^<(.*)>\r$/m.exec(stdout)?.[1];
      };
      const enter = ["enter", "--pid", `${pid}`, "--namespaces", "uts", "--follow"];
      assert.equal(await typed(launcherPath, ...enter, "--tty", "--"), "");
      // Without a terminal of its own it gets pipes in the place of the one outside.
      assert.equal(await typed(launcherPath, ...enter, "--"), "");
      assert.equal(await typed("nsenter", "-u", "-t", `${pid}`), "xxxx", "the attack is one");
    },
  );
});
