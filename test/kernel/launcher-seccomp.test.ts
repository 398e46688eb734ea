import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { type Answers, type Attempts, buildAttempts, readAnswers } from "./attempts.ts";
import { asRoot, launch, launcherPath, underTerminal } from "./launcher.ts";

const onX86 = { skip: process.arch !== "x64" } as const;

describe("the default system-call filter", asRoot, () => {
  let attempts: Attempts;
  let kept: Answers;
  let open: Answers;
  before(async () => {
    attempts = buildAttempts();
    kept = await attempts.run();
    open = await attempts.run(["--seccomp", "none"]);
  });
  after(() => attempts.remove());

  /** Each attempt comes to `answer` under the filter, and succeeds without it. */
  const stops = (answer: string, names: readonly string[]): void => {
    for (const name of names)
      assert.deepEqual([name, kept[name], open[name]], [name, answer, "ok"]);
  };

  it("stops planting a set-uid or set-gid file, by whatever call", () => {
    const names = "set_id_chmod set_gid_fchmod set_id_fchmodat set_id_open set_id_tmpfile";
    stops("EPERM", names.split(" "));
    stops("EPERM", ["set_id_creat", "set_gid_mkdir", "set_id_mknod"]);
    stops("ENOSYS", ["set_id_fchmodat2"]);
  });

  it("lets a program change modes and open files and sockets as it likes", () => {
    const { plain_chmod, plain_open, socket_inet } = kept;
    assert.deepEqual([plain_chmod, plain_open, socket_inet], ["ok", "ok", "ok"]);
  });

  it("row 22: stops new user namespaces (CVE-2022-0185, CVE-2023-0386 begin with one)", () => {
    stops("EPERM", ["unshare_user", "clone_user"]);
  });

  it("row 21: answers ENOSYS, which libraries fall back on, where it cannot look into the arguments", () => {
    stops("ENOSYS", ["clone3_plain", "openat2_plain", "io_uring"]);
    assert.equal(kept["unknown_call"], "ENOSYS");
  });

  it(
    "row 20: closes i386's calls, by which AF_ALG was open in Docker (moby, 2026-05)",
    onX86,
    () => {
      stops("ENOSYS", ["int80_getpid", "int80_set_id_chmod", "read_segments"]);
      for (const name of ["int80_socket_alg", "int80_socketcall_alg"]) {
        assert.equal(kept[name], "ENOSYS", name);
        // "ok" where the kernel has AF_ALG; either way the call came through.
        assert.match(open[name] ?? "", /^(ok|EAFNOSUPPORT)$/, name);
      }
    },
  );

  it("row 20: closes the calls of x32, whose numbers mean other calls", onX86, () => {
    assert.deepEqual([kept["x32_getpid"], kept["x32_set_id_chmod"]], ["ENOSYS", "ENOSYS"]);
  });

  it("row 20: stops AF_VSOCK and AF_ALG (CVE-2019-8912), also by bits that socket(2) cuts off", () => {
    for (const name of ["socket_alg", "socket_alg_high_bits"])
      assert.equal(kept[name], "EAFNOSUPPORT", name);
    const vsock = ["socket_vsock", "socket_vsock_high_bits"];
    if (open["socket_vsock"] === "ok") stops("EAFNOSUPPORT", vsock);
    else for (const name of vsock) assert.equal(kept[name], "EAFNOSUPPORT", name);
  });

  it("stops the kernel's keyrings (CVE-2016-0728)", () => {
    stops("EPERM", ["keyring", "new_key"]);
  });

  it("stops file handles, the way of the shocker attack on Docker", () => {
    stops("EPERM", ["file_handle", "fanotify"]);
  });

  it("stops looking into other processes, the clock's state, memory nodes and mounts", () => {
    stops("EPERM", ["read_memory", "compare_processes", "read_clock_state", "take_mount"]);
    stops("ENOSYS", ["memory_policy"]);
    // Without the filter the kernel looks at the arguments, and finds a command that is none.
    assert.deepEqual([kept["bpf_call"], open["bpf_call"]], ["EPERM", "EINVAL"]);
  });

  it("keeps programs from the kernel's code for mounts, namespaces, rings and tracing", async () => {
    const mayOtherwise = ["--keep-cap", "sys_admin"];
    const filtered = await attempts.run(mayOtherwise);
    const free = await attempts.run([...mayOtherwise, "--seccomp", "none"]);
    const names = Object.keys(filtered).filter(
      (name) => name.endsWith("_call") && name !== "unknown_call",
    );
    assert.ok(names.length > 10);
    for (const name of [...names, "mount_tmpfs", "fsopen_tmpfs", "unshare_time"]) {
      assert.match(filtered[name] ?? "", /^(EPERM|ENOSYS)$/, name);
      assert.doesNotMatch(free[name] ?? "", /^(EPERM|ENOSYS)$/, name);
    }
  });

  describe("in a terminal", () => {
    const names = ["tiocsti", "tiocsti_high_bits", "tioclinux_high_bits", "line_discipline"];
    const tryTerminal = async (filter: string): Promise<Answers> => {
      const args = [...attempts.options, "--tty", "--seccomp", filter];
      const script = `for a in ${names.join(" ")}; do /attacks/attempts $a; done`;
      const words = [launcherPath, "run", ...args, "--", "/bin/sh", "-c", script];
      const { stdout } = await underTerminal(words.map((word) => `'${word}'`).join(" "));
      // What was typed into the terminal without a filter is echoed before the next line.
      return readAnswers(stdout.replace(/^x+/gm, ""));
    };

    it("row 14, CVE-2017-5226, CVE-2019-10063: stops typing into it, also by bits that ioctl(2) cuts off", async () => {
      const answers = await tryTerminal("default");
      for (const name of names) assert.deepEqual([name, answers[name]], [name, "EPERM"]);
    });

    it("row 14, CVE-2017-5226: would be typed into without it, and given another line discipline (CVE-2017-2636)", async () => {
      const answers = await tryTerminal("none");
      assert.equal(answers["line_discipline"], "ok");
      const legacy = readFileSync("/proc/sys/dev/tty/legacy_tiocsti", "utf8").trim() === "1";
      if (legacy) assert.equal(answers["tiocsti_high_bits"], "ok");
    });
  });

  it("is also what `enter --seccomp default` installs", async () => {
    const line = ["enter", "--pid", String(process.pid), "--namespaces", "uts"];
    const status = ["--", "grep", "^Seccomp", "/proc/self/status"];
    const seccomp = async (...options: string[]): Promise<string> =>
      (await launch([...line, ...options, ...status])).stdout.replace(/\t/g, " ");
    assert.match(await seccomp("--seccomp", "default"), /^Seccomp: 2\nSeccomp_filters: \d+\n$/);
    assert.notEqual(await seccomp("--seccomp", "default"), await seccomp());
  });
});
