import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { withHostileRoot } from "./hostile-root.ts";
import {
  asleep,
  asRoot,
  childrenOf,
  hostPrograms,
  idMaps,
  launch,
  launcherPath,
  start,
  statusOf,
  stop,
  underTerminal,
  until,
} from "./launcher.ts";

const digest = (): string => createHash("sha256").update(readFileSync(launcherPath)).digest("hex");
const all = "pid,mnt,net,uts,ipc,cgroup,user";
const corePattern = "/proc/sys/kernel/core_pattern";

/** A way to enter the process: `launcher enter` with all that a sandbox's own exec asks for. */
const enterOptions = (pid: number): string[] => [
  ...["enter", "--pid", `${pid}`, "--namespaces", all, "--follow", "--seccomp", "default"],
];

describe("a hostile root directory", asRoot, () => {
  const links = [
    [
      "proc",
      "row 7, CVE-2019-19921, CVE-2023-27561, CVE-2023-28642: with /proc as a symbolic link is refused",
    ],
    ["dev", "row 8, CVE-2026-41579, CVE-2026-47766: with /dev as a symbolic link is refused"],
  ] as const;
  for (const [name, title] of links)
    it(title, () =>
      withHostileRoot(
        (rootfs, canary) => symlinkSync(canary, join(rootfs, name)),
        async ({ run }) => {
          const { code, events } = await run([`--${name}`, `/${name}`], "true");
          assert.deepEqual([code, events[0]?.errno, events[0]?.path], [125, "ELOOP", `/${name}`]);
        },
      ),
    );

  it("row 8, CVE-2019-18837: with a link below /dev has nothing made where it leads", () =>
    withHostileRoot(
      (rootfs, canary) => {
        mkdirSync(join(rootfs, "dev"));
        for (const name of ["pts", "shm"]) symlinkSync(canary, join(rootfs, "dev", name));
      },
      async ({ run }) => {
        const { stdout } = await run(["--dev", "/dev"], "sh", "-c", "[ -d /dev/pts ] && echo own");
        assert.equal(stdout, "own\n");
      },
    ));

  it("row 4, CVE-2021-30465: has the links in a mount's path resolved inside itself", () =>
    withHostileRoot(
      (rootfs, canary) => {
        symlinkSync(canary, join(rootfs, "out"));
        symlinkSync("../../../../../../..", join(rootfs, "up"));
        mkdirSync(join(rootfs, canary), { recursive: true });
      },
      async ({ rootfs, canary, run }) => {
        const places = ["--tmpfs", "/out/inner", "--tmpfs", "/up/also", "--dir", "/out/deep/er"];
        const { code, events } = await run(places, "true");
        assert.equal(code, 0, JSON.stringify(events));
        assert.deepEqual(readdirSync(join(rootfs, canary)).sort(), ["deep", "inner"]);
        assert.ok(readdirSync(rootfs).includes("also"));
      },
    ));

  it("row 3, CVE-2024-21626: cannot lead the working directory out by a magic link", async () => {
    const places = ["self/fd/3", "self/fd/5", "self/fd/20", "1/root", "self/cwd"];
    for (const directory of places.map((place) => `/proc/${place}`)) {
      const options = [...idMaps, ...hostPrograms, "--chdir", directory];
      const { code, events } = await launch(["run", ...options, "--", "pwd"]);
      assert.deepEqual([code, events[0]?.stage], [125, "chdir"], directory);
    }
  });

  it("row 2, CVE-2019-5736: cannot turn its command into a way to the launcher's file", async () => {
    const before = digest();
    await withHostileRoot(
      (rootfs) => {
        writeFileSync(join(rootfs, "self"), "#!/proc/self/exe\n", { mode: 0o755 });
        mkdirSync(join(rootfs, "proc"));
      },
      async ({ rootfs }) => {
        const options = ["--rootfs", rootfs, "--proc", "/proc"];
        const { stdout, stderr } = await launch(["run", ...idMaps, ...options, "--", "/self"]);
        assert.ok(!(stdout + stderr).includes(launcherPath));
        assert.equal(digest(), before);
      },
    );
  });

  it("row 2, CVE-2019-5736: cannot write to the program of who enters, whatever it is made to execute", async () => {
    const before = digest();
    await withHostileRoot(
      (rootfs) => {
        const source = join(import.meta.dirname, "attacks/overwrite.c");
        execFileSync("gcc", ["-O1", "-static", "-o", join(rootfs, "overwrite"), source]);
        writeFileSync(join(rootfs, "self"), "#!/proc/self/exe\n", { mode: 0o755 });
        mkdirSync(join(rootfs, "proc"));
      },
      async ({ rootfs }) => {
        const options = ["--rootfs", rootfs, "--proc", "/proc"];
        const session = start(["run", ...idMaps, ...options, "--", "/overwrite"]);
        const init = await session.ready;
        await until(() => session.output() === "waiting\n", "the attacker waits");
        const target = childrenOf(init)[0] ?? 0;
        for (let round = 0; round < 1000; round += 1)
          await launch([...enterOptions(target), "--", "/self"]);
        await stop(session);
        assert.doesNotMatch(session.output(), /written/);
        assert.equal(digest(), before);
      },
    );
  });

  it("row 5, CVE-2025-31133: with /dev/null as a link to the kernel's settings masks with the real one", async () => {
    const before = readFileSync(corePattern, "utf8");
    const script = `wc -c < /proc/keys; wc -c < /proc/timer_list; echo x > ${corePattern} && echo written`;
    for (const dev of [["--dev", "/dev"], []])
      await withHostileRoot(
        (rootfs) => {
          for (const name of ["proc", "dev"]) mkdirSync(join(rootfs, name));
          symlinkSync(corePattern, join(rootfs, "dev/null"));
        },
        async ({ run }) => {
          const { stdout } = await run(["--proc", "/proc", ...dev], "sh", "-c", script);
          assert.equal(stdout, "0\n0\n");
          assert.equal(readFileSync(corePattern, "utf8"), before);
        },
      );
  });

  const consoles = (rootfs: string): void => {
    mkdirSync(join(rootfs, "dev/pts"), { recursive: true });
    writeFileSync(join(rootfs, "target"), "");
    for (const name of ["console", "ptmx", "tty", "pts/0", "pts/ptmx"])
      symlinkSync("/target", join(rootfs, "dev", name));
  };

  it("row 6, CVE-2025-52565: with links in place of its terminals gets a terminal of its own", () =>
    withHostileRoot(consoles, async ({ rootfs }) => {
      const options = [...idMaps, "--rootfs", rootfs, "--dev", "/dev", "--tty"];
      const words = [launcherPath, "run", ...options, "--", "/bin/busybox", "tty"];
      const { stdout } = await underTerminal(words.map((word) => `'${word}'`).join(" "));
      assert.equal(stdout, "/dev/pts/0\r\n");
      assert.equal(readFileSync(join(rootfs, "target"), "utf8"), "");
    }));

  it("row 6, CVE-2025-52565: with links in place of its terminals gives none of them to who enters", () =>
    withHostileRoot(consoles, async ({ rootfs }) => {
      const session = start(["run", ...idMaps, "--rootfs", rootfs, "--", "/bin/sleep", "1000"]);
      const init = await session.ready;
      const target = await until(() => childrenOf(init)[0], "it runs");
      await asleep(target);
      const script = "[ -t 0 ] && echo terminal";
      const words = [launcherPath, ...enterOptions(target), "--tty", "--", "/bin/sh", "-c", script];
      const { stdout } = await underTerminal(words.map((word) => `'${word}'`).join(" "));
      assert.equal(stdout, "terminal\r\n");
      assert.equal(readFileSync(join(rootfs, "target"), "utf8"), "");
      await stop(session);
    }));

  it("row 7, CVE-2019-16884, CVE-2025-52881: with a made-up /proc tells who enters nothing", () =>
    withHostileRoot(
      (rootfs) => {
        const full = "000001ffffffffff";
        const lines = ["Inh", "Prm", "Eff", "Bnd", "Amb"].map((set) => `Cap${set}:\t${full}\n`);
        const status = `Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t0\n${lines.join("")}NoNewPrivs:\t0\n`;
        for (const pid of ["self", "1", "2", "3"]) {
          mkdirSync(join(rootfs, "proc", pid), { recursive: true });
          writeFileSync(join(rootfs, "proc", pid, "status"), status);
        }
      },
      async ({ rootfs }) => {
        const options = ["--uid", "1000", "--gid", "1000", "--rootfs", rootfs];
        const session = start(["run", ...idMaps, ...options, "--", "/bin/sleep", "1000"]);
        const init = await session.ready;
        const target = await until(() => childrenOf(init)[0], "it runs");
        const entered = start([...enterOptions(target), "--", "/bin/sleep", "1000"]);
        const pid = await entered.ready;
        await asleep(pid);
        for (const key of ["Uid", "Gid", "Groups", "CapEff", "CapBnd", "NoNewPrivs"])
          assert.equal(statusOf(pid, key), statusOf(target, key), key);
        assert.equal(statusOf(pid, "CapBnd"), "0000000000000000");
        await stop(entered);
        await stop(session);
      },
    ));
});
