import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
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

/** "name: answer" lines as a record. */
const readAnswers = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .trim()
      .split(/\r?\n/)
      .map((line) => line.split(": ") as [string, string]),
  );

describe("a hostile program in a sandbox", asRoot, () => {
  let directory = "";
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "terrarium-attacks-"));
    execFileSync("gcc", ["-O1", "-static", "-o", join(directory, "attempts"), source]);
    execFileSync("chmod", ["755", directory]);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const attack = async (options: readonly string[] = []): Promise<Record<string, string>> => {
    const bind = ["--ro-bind", directory, "/attacks"];
    const { stdout } = await launch([
      "run",
      ...idMaps,
      ...hostPrograms,
      ...bind,
      ...options,
      "--",
      "/attacks/attempts",
    ]);
    return readAnswers(stdout);
  };

  const planting = [
    ...["set_id_chmod", "set_gid_fchmod", "set_id_fchmodat", "set_id_fchmodat2", "set_id_open"],
    ...["set_id_tmpfile", "set_id_creat", "set_gid_mkdir", "set_id_mknod"],
  ];

  it("cannot plant a set-uid or set-gid file by any call, and could without the filter", async () => {
    const [kept, open] = [await attack(), await attack(["--seccomp", "none"])];
    for (const name of planting)
      assert.deepEqual([name, kept[name], open[name]], [name, "EPERM", "ok"]);
  });

  it("can still change modes and open files as it likes", async () => {
    const { plain_chmod, plain_open, socket_inet } = await attack();
    assert.deepEqual([plain_chmod, plain_open, socket_inet], ["ok", "ok", "ok"]);
  });

  it("cannot make a user namespace, and could without the filter", async () => {
    const [kept, open] = [await attack(), await attack(["--seccomp", "none"])];
    for (const name of ["unshare_user", "clone_user"])
      assert.deepEqual([name, kept[name], open[name]], [name, "EPERM", "ok"]);
  });

  it("gets ENOSYS, which libraries fall back on, for calls that no filter can look into", async () => {
    const [kept, open] = [await attack(), await attack(["--seccomp", "none"])];
    assert.deepEqual([kept["clone3_plain"], open["clone3_plain"]], ["ENOSYS", "ok"]);
    assert.equal(kept["unknown_call"], "ENOSYS");
  });

  it("does not reach the kernel's code for mounts, namespaces, rings and tracing", async () => {
    const mayOtherwise = ["--keep-cap", "sys_admin"];
    const kept = await attack(mayOtherwise);
    const open = await attack([...mayOtherwise, "--seccomp", "none"]);
    const refused = Object.keys(kept).filter(
      (name) => name.endsWith("_call") && name !== "unknown_call",
    );
    assert.ok(refused.length > 10);
    for (const name of [...refused, "mount_tmpfs", "fsopen_tmpfs", "unshare_time"]) {
      assert.match(kept[name] ?? "", /^(EPERM|ENOSYS)$/, name);
      assert.doesNotMatch(open[name] ?? "", /^(EPERM|ENOSYS)$/, name);
    }
  });

  it("cannot get round the filter by the calls of another ABI", {
    skip: process.arch !== "x64",
  }, async () => {
    const [kept, open] = [await attack(), await attack(["--seccomp", "none"])];
    assert.equal(kept["x32_getpid"], "ENOSYS");
    assert.deepEqual([kept["int80_getpid"], open["int80_getpid"]], ["ENOSYS", "ok"]);
  });

  it("cannot use the kernel's keyrings, its mounts and odd sockets", async () => {
    const [kept, open] = [await attack(), await attack(["--seccomp", "none"])];
    assert.deepEqual([kept["keyring"], open["keyring"]], ["EPERM", "ok"]);
    assert.deepEqual(
      [kept["bpf_call"], kept["mount_tmpfs"], kept["fsopen_tmpfs"]],
      ["EPERM", "EPERM", "EPERM"],
    );
    assert.deepEqual([kept["socket_alg"], kept["socket_vsock"]], ["EAFNOSUPPORT", "EAFNOSUPPORT"]);
  });

  it("does not get the session keyring of whoever started it", async () => {
    const attempts = join(directory, "attempts");
    const ask = [...hostPrograms, "--ro-bind", directory, "/attacks", "--seccomp", "none"];
    const { stdout } = await launch(
      ["run", ...idMaps, ...ask, "--", "/attacks/attempts", "callers_keyring"],
      { prefix: [attempts, "--keyring"] },
    );
    const { stdout: outside } = await launch(["--help"], {
      prefix: [attempts, "--keyring", attempts, "callers_keyring"],
    });
    assert.deepEqual([stdout, outside], ["callers_keyring: ENOKEY\n", "callers_keyring: ok\n"]);
  });

  it("holds no capability, not even as root inside", async () => {
    const { become_root, make_device, set_host_name, sysrq, core_pattern } = await attack([
      "--seccomp",
      "none",
    ]);
    assert.deepEqual([become_root, make_device, set_host_name], ["EPERM", "EPERM", "EPERM"]);
    assert.match(sysrq ?? "", /^(EROFS|EACCES|ENOENT)$/);
    assert.match(core_pattern ?? "", /^(EROFS|EACCES)$/);
  });

  it("keeps exactly the capabilities that were asked for", async () => {
    const options = ["--seccomp", "none", "--keep-cap", "CAP_SETUID", "--keep-cap", "sys_admin"];
    const { become_root, set_host_name, make_device } = await attack(options);
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
    for (const answers of [await attack(), await attack(options)])
      for (const name of names) assert.match(answers[name] ?? "", /^(EACCES|EPERM)$/, name);
  });

  it("cannot type into its terminal, whatever the high bits of the call are", async () => {
    const options = [...idMaps, ...hostPrograms, "--ro-bind", directory, "/attacks"];
    const run = async (filter: string): Promise<Record<string, string>> => {
      const args = [...options, "--tty", "--seccomp", filter].map((text) => `'${text}'`).join(" ");
      const line = `${launcherPath} run ${args} -- /bin/sh -c 'for a in tiocsti tiocsti_high_bits tioclinux_high_bits; do /attacks/attempts $a; done'`;
      const { stdout } = await underTerminal(line);
      /* What was typed into the terminal without a filter is echoed before the next line. */
      return readAnswers(stdout.replace(/^x+/gm, ""));
    };
    const kept = await run("default");
    assert.deepEqual(kept, {
      tiocsti: "EPERM",
      tiocsti_high_bits: "EPERM",
      tioclinux_high_bits: "EPERM",
    });
    const legacy = readFileSync("/proc/sys/dev/tty/legacy_tiocsti", "utf8").trim() === "1";
    if (legacy) assert.equal((await run("none"))["tiocsti_high_bits"], "ok");
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

  it("runs from a sealed copy, so that no sandbox ever maps the file on disk", async () => {
    const { session, init } = await startSleeper();
    const exe = execFileSync("readlink", [`/proc/${init}/exe`], { encoding: "utf8" });
    assert.match(exe, /memfd:launcher/);
    await stop(session);
  });
});

it("a host's set-uid program gives nothing inside: binds are nosuid", asRoot, async () => {
  const { stdout } = await runShell("grep -o ' /usr ro,nosuid,nodev' /proc/self/mountinfo");
  assert.equal(stdout, " /usr ro,nosuid,nodev\n");
});
