import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { asRoot, idMaps, launch, runShell, startSleeper, stop, withDirectory } from "./launcher.ts";

const ownerOf = (path: string): string => {
  const { uid, gid } = statSync(path);
  return `${uid}:${gid}`;
};

/** A directory that the ids 100000 own, or the host's root. */
async function withWorkspace(
  uid: number,
  use: (workspace: string) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    execFileSync("chmod", ["755", directory]);
    const workspace = join(directory, "workspace");
    mkdirSync(join(workspace, ".git/hooks"), { recursive: true });
    writeFileSync(join(workspace, ".git/config"), "[core]\n");
    writeFileSync(join(workspace, "file"), "content\n");
    execFileSync("chown", ["-R", `${uid}:${uid}`, workspace]);
    await use(workspace);
  });
}

describe("a bind", asRoot, () => {
  it("is writable for who may write there, and read-only as --ro-bind", async () => {
    await withWorkspace(100000, async (workspace) => {
      const script = "echo new > /w/made; echo x > /r/file; cat /r/file";
      const { stdout, stderr } = await runShell(script, [
        "--bind",
        workspace,
        "/w",
        "--ro-bind",
        workspace,
        "/r",
      ]);
      assert.equal(stdout, "content\n");
      assert.match(stderr, /Read-only file system/);
      assert.equal(ownerOf(join(workspace, "made")), "100000:100000");
    });
  });

  it("is read-only with everything that is mounted below it", async () => {
    await withDirectory(async (directory) => {
      mkdirSync(join(directory, "below"));
      execFileSync("mount", ["-t", "tmpfs", "-o", "mode=777", "x", join(directory, "below")]);
      try {
        execFileSync("chmod", ["755", directory]);
        const { stderr } = await runShell("echo x > /r/below/file", ["--ro-bind", directory, "/r"]);
        assert.match(stderr, /Read-only file system/);
      } finally {
        execFileSync("umount", [join(directory, "below")]);
      }
    });
  });

  it("of a source that the sandbox's user may not reach is refused by the kernel", async () => {
    await withDirectory(async (directory) => {
      mkdirSync(join(directory, "inner"));
      const { code, events } = await launch([
        "run",
        ...idMaps,
        "--bind",
        join(directory, "inner"),
        "/x",
        "--",
        "true",
      ]);
      const { stage, call, errno } = events[0] ?? {};
      assert.deepEqual([code, stage, call, errno], [125, "mount", "openat2", "EACCES"]);
    });
  });

  it("of a path that a link leads elsewhere is refused, whoever put it there", async () => {
    await withWorkspace(100000, async (workspace) => {
      mkdirSync(join(workspace, "real"));
      symlinkSync("real", join(workspace, "link"));
      for (const option of ["--bind", "--ro-bind", "--idmap-bind"]) {
        const bind = [option, join(workspace, "link"), "/x"];
        const { code, events } = await launch(["run", ...idMaps, ...bind, "--", "true"]);
        assert.deepEqual([code, events[0]?.errno], [125, "ELOOP"], option);
      }
      const root = ["--rootfs", join(workspace, "link")];
      const { events } = await launch(["run", ...idMaps, ...root, "--", "true"]);
      assert.equal(events[0]?.errno, "ELOOP");
    });
  });

  it("of a file makes a file as its mount point", async () => {
    await withWorkspace(100000, async (workspace) => {
      const { stdout } = await runShell("cat /deep/in/side", [
        "--bind",
        join(workspace, "file"),
        "/deep/in/side",
      ]);
      assert.equal(stdout, "content\n");
    });
  });

  for (const option of ["--bind", "--idmap-bind"])
    it(`by ${option} hides what the host mounts later, and shows the host nothing of its own`, async () => {
      await withWorkspace(100000, async (workspace) => {
        const late = join(workspace, "late");
        mkdirSync(late);
        /* Propagation begins at a shared mount, which the host's root need not be. */
        execFileSync("mount", ["--bind", "--make-shared", workspace, workspace]);
        try {
          const bind = [option, workspace, "/w", "--ro-protect", "/w/.git/hooks"];
          const { session, init } = await startSleeper(bind);
          assert.doesNotMatch(readFileSync("/proc/self/mountinfo", "utf8"), /\.git\/hooks/);
          execFileSync("mount", ["-t", "tmpfs", "x", late]);
          const inside = readFileSync(`/proc/${init}/mountinfo`, "utf8");
          execFileSync("umount", [late]);
          await stop(session);
          assert.doesNotMatch(inside, /\/w\/late/);
        } finally {
          execFileSync("umount", [workspace]);
        }
      });
    });
});

describe("an id-mapped bind", asRoot, () => {
  it("shows the host root's files as the sandbox root's, and writes back as the host's root", async () => {
    await withWorkspace(0, async (workspace) => {
      const { stdout } = await runShell("stat -c %u:%g /w/file; echo new > /w/made", [
        "--idmap-bind",
        workspace,
        "/w",
      ]);
      assert.equal(stdout, "0:0\n");
      assert.equal(ownerOf(join(workspace, "made")), "0:0");
    });
  });

  it("is read-only as --ro-idmap-bind", async () => {
    await withWorkspace(0, async (workspace) => {
      const { stdout, stderr } = await runShell("cat /w/file; echo x > /w/file", [
        "--ro-idmap-bind",
        workspace,
        "/w",
      ]);
      assert.equal(stdout, "content\n");
      assert.match(stderr, /Read-only file system/);
    });
  });

  it("row 33, CVE-2023-0386: does not give the host's root a set-uid file", async () => {
    await withWorkspace(0, async (workspace) => {
      await runShell("cp /bin/true /w/planted; chmod 4755 /w/planted", [
        "--idmap-bind",
        workspace,
        "/w",
      ]);
      assert.equal(statSync(join(workspace, "planted")).mode & 0o6000, 0);
      await runShell("chmod 4755 /w/planted", [
        "--idmap-bind",
        workspace,
        "/w",
        "--seccomp",
        "none",
      ]);
      assert.equal(
        statSync(join(workspace, "planted")).mode & 0o4000,
        0o4000,
        "without the filter it would",
      );
    });
  });

  it("of a file system that cannot be id-mapped says so, naming it", async () => {
    const { code, events } = await launch([
      "run",
      ...idMaps,
      "--idmap-bind",
      "/proc/sys",
      "/x",
      "--",
      "true",
    ]);
    const { stage, call, path, hint } = events[0] ?? {};
    assert.deepEqual([code, stage, call, path], [125, "idmap", "mount_setattr", "/proc/sys"]);
    assert.match(hint ?? "", /refuses to id-map procfs/);
  });

  it("can be the root itself", async () => {
    await withDirectory(async (directory) => {
      execFileSync("mkdir", [
        join(directory, "usr"),
        join(directory, "proc"),
        join(directory, "dev"),
        join(directory, "tmp"),
      ]);
      for (const name of ["bin", "lib", "lib64", "sbin"])
        symlinkSync(`usr/${name}`, join(directory, name));
      const options = [
        "--idmap-rootfs",
        directory,
        "--ro-bind",
        "/usr",
        "/usr",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
      ];
      const { stdout, code, events } = await launch([
        "run",
        ...idMaps,
        ...options,
        "--",
        "/bin/sh",
        "-c",
        "stat -c %u /tmp; echo > /made",
      ]);
      assert.equal(code, 0, JSON.stringify(events));
      assert.equal(stdout, "0\n");
      assert.equal(ownerOf(join(directory, "made")), "0:0");
    });
  });
});

describe("a protected path", asRoot, () => {
  const protect = (workspace: string): string[] => [
    ...["--bind", workspace, "/w", "--pin", "/w/.git", "--ro-protect", "/w/.git/hooks"],
    ...["--ro-protect", "/w/.git/config", "--ro-protect", "/w/absent", "--ro-protect", "/w/link"],
  ];

  it("cannot be written, renamed away or replaced, and the rest of its directory can", async () => {
    await withWorkspace(100000, async (workspace) => {
      symlinkSync("/etc", join(workspace, "link"));
      const script = [
        "echo x > /w/.git/hooks/pre-commit",
        "echo x > /w/.git/config",
        "mv /w/.git /w/old",
        "mv /w/.git/hooks /w/.git/old",
        "rm -r /w/.git/hooks",
        "touch /w/.git/index /w/free && echo fine",
      ].join("; ");
      const { stdout, stderr } = await runShell(script, protect(workspace));
      assert.equal(stdout, "fine\n");
      assert.equal(stderr.match(/Read-only file system/g)?.length, 2);
      assert.equal(stderr.match(/Device or resource busy/g)?.length, 3);
      assert.equal(existsSync(join(workspace, ".git/hooks/pre-commit")), false);
    });
  });

  it("would be writable without the protection", async () => {
    await withWorkspace(100000, async (workspace) => {
      await runShell("mv /w/.git /w/old; echo x > /w/old/hooks/pre-commit", [
        "--bind",
        workspace,
        "/w",
      ]);
      assert.equal(existsSync(join(workspace, "old/hooks/pre-commit")), true);
    });
  });

  it("is protected where a link of the root leads to it, too", async () => {
    await withWorkspace(100000, async (workspace) => {
      const options = ["--dir", "/real", "--symlink", "real", "/link", "--bind", workspace];
      const protect = ["/link/w", "--ro-protect", "/link/w/.git/config"];
      const { stderr } = await runShell("echo x > /real/w/.git/config", [...options, ...protect]);
      assert.match(stderr, /Read-only file system/);
    });
  });

  it("on an id-mapped bind is protected as well", async () => {
    await withWorkspace(0, async (workspace) => {
      const options = ["--idmap-bind", workspace, "/w", "--ro-protect", "/w/.git/hooks"];
      const { stderr } = await runShell("echo x > /w/.git/hooks/x; echo y > /w/y", options);
      assert.match(stderr, /Read-only file system/);
      assert.equal(ownerOf(join(workspace, "y")), "0:0");
    });
  });
});

describe("the sandbox's own file systems", asRoot, () => {
  it("row 24: are private: the host sees none of them", async () => {
    const { session } = await startSleeper(["--tmpfs", "/scratch"]);
    assert.doesNotMatch(readFileSync("/proc/self/mountinfo", "utf8"), / \/scratch /);
    await stop(session);
  });

  it("have the modes that were asked for", async () => {
    const { stdout } = await runShell("stat -c %a / /tmp /run /dev /dev/shm /d", [
      "--tmpfs",
      "/run",
      "--dir",
      "/d",
    ]);
    assert.equal(stdout, "755\n1777\n755\n755\n1777\n755\n");
  });

  it("let the command write its own root, which is nobody else's", async () => {
    const { stdout } = await runShell("mkdir /new && echo made");
    assert.equal(stdout, "made\n");
    assert.equal(existsSync("/new"), false);
  });

  it("come in the order of the command line: a later mount covers an earlier one", async () => {
    const { stdout } = await runShell("ls -A /usr/share", ["--tmpfs", "/usr/share"]);
    assert.equal(stdout, "");
  });

  it("say which one failed", async () => {
    const { events } = await launch([
      "run",
      ...idMaps,
      "--symlink",
      "a",
      "/x",
      "--symlink",
      "b",
      "/x",
      "--",
      "true",
    ]);
    const { stage, call, path, errno } = events[0] ?? {};
    assert.deepEqual([stage, call, path, errno], ["mount", "symlinkat", "/x", "EEXIST"]);
  });

  it("of a device are of a device: what was opened is looked at, whatever was there before", async () => {
    for (const source of ["/etc/passwd", "/usr"]) {
      const words = ["--device", source, "/dev/x", "--", "true"];
      const { events } = await launch(["run", ...idMaps, ...words]);
      const { stage, call, path, errno } = events[0] ?? {};
      assert.deepEqual([stage, call, path, errno], ["mount", "fstat", source, "ENODEV"]);
    }
  });
});
