import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type Attempts, buildAttempts } from "./attempts.ts";
import {
  asRoot,
  hostPrograms,
  idMaps,
  launch,
  launcherPath,
  runShell,
  startSleeper,
  stop,
  underTerminal,
} from "./launcher.ts";

const source = fileURLToPath(new URL("attacks/attempts.c", import.meta.url));

describe("a hostile program in a sandbox", asRoot, () => {
  let attempts: Attempts;
  before(() => {
    attempts = buildAttempts();
  });
  after(() => attempts.remove());

  it("does not get the session keyring of whoever started it", async () => {
    const program = join(attempts.directory, "attempts");
    const ask = [...attempts.options, "--seccomp", "none"];
    const { stdout } = await launch(["run", ...ask, "--", "/attacks/attempts", "callers_keyring"], {
      prefix: [program, "--keyring"],
    });
    const { stdout: outside } = await launch(["--help"], {
      prefix: [program, "--keyring", program, "callers_keyring"],
    });
    assert.deepEqual([stdout, outside], ["callers_keyring: ENOKEY\n", "callers_keyring: ok\n"]);
  });

  it("holds no capability, not even as root inside", async () => {
    const { become_root, make_device, set_host_name, sysrq, core_pattern } = await attempts.run([
      "--seccomp",
      "none",
    ]);
    assert.deepEqual([become_root, make_device, set_host_name], ["EPERM", "EPERM", "EPERM"]);
    assert.match(sysrq ?? "", /^(EROFS|EACCES|ENOENT)$/);
    assert.match(core_pattern ?? "", /^(EROFS|EACCES)$/);
  });

  it("keeps exactly the capabilities that were asked for", async () => {
    const options = ["--seccomp", "none", "--keep-cap", "CAP_SETUID", "--keep-cap", "sys_admin"];
    const { become_root, set_host_name, make_device } = await attempts.run(options);
    assert.deepEqual([become_root, set_host_name, make_device], ["ok", "ok", "EPERM"]);
  });

  it("cannot reach init's program, memory or descriptors, even with CAP_SYS_PTRACE inside", async () => {
    const names = [
      "init_exe",
      "init_exe_write",
      "init_mem",
      "init_fd",
      "init_root",
      "init_environ",
      "init_ptrace",
    ];
    const options = ["--seccomp", "none", "--keep-cap", "sys_ptrace", "--keep-cap", "dac_override"];
    for (const answers of [await attempts.run(), await attempts.run(options)])
      for (const name of names) assert.match(answers[name] ?? "", /^(EACCES|EPERM)$/, name);
  });
});

describe("a sandbox's processes", asRoot, () => {
  it("have empty capability sets, no_new_privs and a filter", async () => {
    const { stdout } = await runShell("grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status");
    const zero = "0000000000000000";
    assert.equal(
      stdout.replace(/\t/g, " "),
      `CapInh: ${zero}\nCapPrm: ${zero}\nCapEff: ${zero}\nCapBnd: ${zero}\nCapAmb: ${zero}\nNoNewPrivs: 1\nSeccomp: 2\n`,
    );
  });

  it("are in none of the groups of whoever started the launcher", async () => {
    const prefix = ["setpriv", "--groups", "4,42,65533"];
    const { stdout } = await launch(["run", ...idMaps, ...hostPrograms, "--", "id", "-G"], {
      prefix,
    });
    assert.equal(stdout, "0\n");
  });

  it("have descriptors 0, 1 and 2 only, whatever the launcher was given", async () => {
    const { stdout } = await launch(
      ["run", ...idMaps, ...hostPrograms, "--", "/bin/sh", "-c", "ls /proc/$$/fd"],
      {
        prefix: ["/bin/sh", "-c", 'exec 7</etc 9</etc/shadow; exec "$@"', "sh"],
      },
    );
    assert.equal(stdout.trim().replace(/\s+/g, " "), "0 1 2");
  });

  it("are not given a directory as a standard descriptor, by which they could leave their root", async () => {
    const script = "ls /proc/self/fd/0/ssl";
    for (const redirection of ["</etc", "2</etc"]) {
      const line = `exec "$@" ${redirection}`;
      const { code, stdout } = await launch(
        ["run", ...idMaps, ...hostPrograms, "--", "/bin/sh", "-c", script],
        { prefix: ["/bin/sh", "-c", line, "sh"] },
      );
      assert.deepEqual([code, stdout], [125, ""], redirection);
    }
  });

  it("get pipes and not the terminal of whoever started the launcher", async () => {
    const options = [...idMaps, ...hostPrograms].map((text) => `'${text}'`).join(" ");
    const script = "for n in 0 1 2; do test -t $n && echo $n is a terminal; done; echo end";
    const { stdout } = await underTerminal(
      `${launcherPath} run ${options} -- /bin/sh -c '${script}'`,
    );
    assert.equal(stdout, "end\r\n");
  });

  it("see a /dev with the harmless nodes only", async () => {
    const { stdout } = await runShell(
      "cd /dev; ls -A; for n in *; do [ -c $n ] && stat -L -c '%n %t:%T' $n; done; true",
    );
    const [names, nodes] = [
      stdout.split("\n").filter((line) => line && !line.includes(" ")),
      stdout.match(/^\S+ \S+$/gm),
    ];
    assert.deepEqual(
      names,
      "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero".split(" "),
    );
    assert.deepEqual(
      nodes?.filter((line) => !/^std/.test(line)),
      ["full 1:7", "null 1:3", "ptmx 5:2", "random 1:8", "tty 5:0", "urandom 1:9", "zero 1:5"],
    );
  });

  it("find the host's paths in /proc hidden or read-only", async () => {
    const { stdout } = await runShell(
      "cat /proc/keys /proc/timer_list /proc/interrupts | wc -c; grep -oE ' /proc/(sys|bus|fs|irq) r[ow]' /proc/self/mountinfo",
    );
    assert.equal(stdout, "0\n /proc/bus ro\n /proc/fs ro\n /proc/irq ro\n /proc/sys ro\n");
  });

  it("do not see the monitor's arguments, environment or program", async () => {
    const { session, init } = await startSleeper();
    assert.equal(readFileSync(`/proc/${init}/cmdline`, "utf8"), "terrarium-init\0");
    await stop(session);
  });
});

describe("a hostile root directory", asRoot, () => {
  /** A root directory with a static program /attempts, the caller's own additions, and a canary beside it. */
  async function withRootfs(
    build: (rootfs: string, canary: string) => void,
    use: (rootfs: string, canary: string) => Promise<void>,
  ): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), "terrarium-rootfs-"));
    const [rootfs, canary] = [join(directory, "rootfs"), join(directory, "canary")];
    mkdirSync(rootfs);
    mkdirSync(canary);
    try {
      execFileSync("gcc", ["-O1", "-static", "-o", join(rootfs, "attempts"), source]);
      build(rootfs, canary);
      execFileSync("chown", ["-R", "100000:100000", directory]);
      await use(rootfs, canary);
      assert.deepEqual(
        execFileSync("ls", ["-A", canary], { encoding: "utf8" }),
        "",
        "nothing was made outside",
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  for (const name of ["proc", "dev"])
    it(`with /${name} as a symbolic link is refused (CVE-2019-19921, CVE-2026-41579)`, async () => {
      await withRootfs(
        (rootfs, canary) => symlinkSync(canary, join(rootfs, name)),
        async (rootfs) => {
          const args = [
            "run",
            ...idMaps,
            "--rootfs",
            rootfs,
            `--${name}`,
            `/${name}`,
            "--",
            "/attempts",
            "unknown_call",
          ];
          const { code, events } = await launch(args);
          assert.deepEqual([code, events[0]?.errno, events[0]?.path], [125, "ELOOP", `/${name}`]);
        },
      );
    });

  it("has the links in a mount's path resolved inside itself", async () => {
    await withRootfs(
      (rootfs, canary) => {
        symlinkSync(canary, join(rootfs, "out"));
        symlinkSync("../../../../../../..", join(rootfs, "up"));
      },
      async (rootfs, canary) => {
        mkdirSync(join(rootfs, canary), { recursive: true });
        execFileSync("chown", ["-R", "100000:100000", rootfs]);
        const options = [
          "--rootfs",
          rootfs,
          "--tmpfs",
          "/out/inner",
          "--tmpfs",
          "/up/also",
          "--dir",
          "/out/deep/er",
        ];
        const { code, events } = await launch([
          "run",
          ...idMaps,
          ...options,
          "--",
          "/attempts",
          "unknown_call",
        ]);
        assert.equal(code, 0, JSON.stringify(events));
        const made = execFileSync("ls", [join(rootfs, canary), rootfs], { encoding: "utf8" });
        assert.match(made, /deep/);
        assert.match(made, /also/);
      },
    );
  });

  it("cannot lead the working directory out by a magic link (CVE-2024-21626)", async () => {
    for (const directory of [
      "/proc/self/fd/3",
      "/proc/self/fd/5",
      "/proc/1/root",
      "/proc/self/cwd",
    ]) {
      const { code, events } = await launch([
        "run",
        ...idMaps,
        ...hostPrograms,
        "--chdir",
        directory,
        "--",
        "pwd",
      ]);
      assert.deepEqual([code, events[0]?.stage], [125, "chdir"], directory);
    }
  });

  it("cannot turn its command into a way to the launcher's file (CVE-2019-5736)", async () => {
    const digest = (): string =>
      createHash("sha256").update(readFileSync(launcherPath)).digest("hex");
    const before = digest();
    await withRootfs(
      (rootfs) => {
        writeFileSync(join(rootfs, "self"), "#!/proc/self/exe\n", { mode: 0o755 });
        mkdirSync(join(rootfs, "proc"));
      },
      async (rootfs) => {
        const { stdout, stderr } = await launch([
          "run",
          ...idMaps,
          "--rootfs",
          rootfs,
          "--proc",
          "/proc",
          "--",
          "/self",
        ]);
        assert.doesNotMatch(stdout + stderr, new RegExp(launcherPath));
        assert.equal(digest(), before);
      },
    );
  });
});

it("a host's set-uid program gives nothing inside: binds are nosuid", asRoot, async () => {
  const { stdout } = await runShell("grep -o ' /usr ro,nosuid,nodev' /proc/self/mountinfo");
  assert.equal(stdout, " /usr ro,nosuid,nodev\n");
});
