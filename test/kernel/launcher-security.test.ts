import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
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

  it("row 18, CVE-2020-5291: holds no capability, not even as root inside", async () => {
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

  it("row 18, CVE-2016-8659: cannot reach init's program, memory or descriptors, even with CAP_SYS_PTRACE inside", async () => {
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
  it("row 11, CVE-2022-24769: have empty capability sets, no_new_privs and a filter", async () => {
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

  it("row 1, CVE-2016-9962: have descriptors 0, 1 and 2 only, whatever the launcher was given", async () => {
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

it(
  "row 33, CVE-2023-0386: a host's set-uid program gives nothing inside: binds are nosuid",
  asRoot,
  async () => {
    const { stdout } = await runShell("grep -o ' /usr ro,nosuid,nodev' /proc/self/mountinfo");
    assert.equal(stdout, " /usr ro,nosuid,nodev\n");
  },
);
