import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { type SandboxSpecInput, sandboxSpec } from "../../helper/protocol/schemas.ts";
import { contains } from "../../helper/sandboxes/containment.ts";
import { checkPaths, protections } from "../../helper/sandboxes/paths.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-paths-"));
after(() => rmSync(folder, { recursive: true }));

const home = join(folder, "home", "dev");
mkdirSync(join(home, "project"), { recursive: true });
writeFileSync(join(folder, "file"), "");
symlinkSync(home, join(folder, "link-to-home"));
symlinkSync(join(folder, "nothing"), join(folder, "dangling"));
symlinkSync(join(home, "project"), join(folder, "link-to-project"));

const state = join(folder, "state", "terrarium");
mkdirSync(state, { recursive: true });
symlinkSync("/run", join(folder, "link-to-run"));

const check = (input: SandboxSpecInput) => checkPaths(sandboxSpec.parse(input), { home, state });

function refuses(input: SandboxSpecInput, reason: RegExp): void {
  assert.throws(
    () => check(input),
    (error) => {
      assert.ok(TerrariumError.is(error, "pathRefused"), String(error));
      assert.match(error.message, reason);
      return true;
    },
    JSON.stringify(input),
  );
}

const bindTo = (target: string): SandboxSpecInput => ({
  mounts: [{ type: "bind", source: folder, target }],
});

describe("a workspace", () => {
  test("is a directory that exists", () => {
    check({ workspace: join(home, "project") });
    refuses({ workspace: join(folder, "nothing") }, /no such file or directory/);
    refuses({ workspace: join(folder, "file") }, /not a directory/);
    refuses({ workspace: join(folder, "dangling") }, /no such file or directory/);
    refuses({ workspace: join(folder, "file", "below") }, /ENOTDIR/);
  });

  test("is not the home directory, nor anything that holds it", () => {
    for (const workspace of [home, `${home}/`, join(folder, "home"), folder, "/tmp", `${home}/.`]) {
      refuses({ workspace }, /holds your home directory/);
    }
    refuses({ workspace: "/" }, /is the sandbox's own/);
  });

  test("is no part of the system", () => {
    for (const workspace of ["/etc", "/etc/ssl", "/usr", "/var", "/boot", "/bin", "/usr/bin"]) {
      refuses({ workspace }, /part of the system/);
    }
    check({ workspace: "/usr/share" });
  });

  test("is judged by where it leads, not by its name", () => {
    refuses({ workspace: join(folder, "link-to-home") }, /holds your home directory/);
    refuses({ workspace: join(folder, "link-to-run") }, /leads to sockets/);
    check({ workspace: join(folder, "link-to-project") });
  });

  test("does not hold the sockets and records of sandboxes", () => {
    refuses({ workspace: join(folder, "state") }, /sockets and records/);
  });

  test("is mounted from where it led when it was checked", () => {
    const link = join(folder, "link-to-project");
    const mounts = [{ type: "bind" as const, source: link, target: "/data" }];
    for (const input of [{ workspace: link }, { mounts }]) {
      assert.equal(check(input).get(link), join(home, "project"));
    }
  });

  test("is nothing that a sandbox makes itself", () => {
    for (const workspace of ["/proc", "/proc/self", "/sys/kernel", "/dev", "/run"]) {
      refuses({ workspace }, /inside a sandbox is the sandbox's own/);
    }
  });
});

describe("a volume", () => {
  test("has a source that exists, a file or a directory", () => {
    check(bindTo("/data"));
    check({ mounts: [{ type: "bind", source: join(folder, "file"), target: "/data/file" }] });
    refuses(
      { mounts: [{ type: "bind", source: join(folder, "nothing"), target: "/data" }] },
      /no such file or directory/,
    );
  });

  test("does not lie over what a sandbox makes itself, however it is written", () => {
    for (const target of [
      "/",
      "//",
      "/.",
      "/data/..",
      "/proc",
      "/proc/",
      "/proc/sys/kernel",
      "/data/../proc",
      "//proc",
      "/proc/..hidden",
      "/dev/null",
      "/sys",
      "/run/x",
    ]) {
      refuses(bindTo(target), /inside a sandbox is the sandbox's own/);
    }
  });

  test("may lie beside it", () => {
    for (const target of ["/process", "/devices", "/tmp/x", "/..proc", "/data/proc"]) {
      check(bindTo(target));
    }
  });
});

describe("a link in a folder that the sandbox may write to", () => {
  const project = join(home, "project");
  mkdirSync(join(project, "cache"));
  symlinkSync("cache", join(project, "link-inside"));
  mkdirSync(join(folder, "keys", "ssh"), { recursive: true });
  symlinkSync(join(folder, "keys"), join(project, "link-out"));
  const bind = (source: string, readOnly = false) =>
    ({ type: "bind", source, target: "/data", readOnly }) as const;

  test("may not lead another path of the spec out of it (CVE-2017-1002101)", () => {
    const out = join(project, "link-out");
    const leads = /a symbolic link in \S+, which a program .* leads it to \S+keys/;
    refuses({ workspace: project, mounts: [bind(out, true)] }, leads);
    refuses({ workspace: project, mounts: [bind(join(out, "ssh"), true)] }, leads);
    refuses({ workspace: project, rootfs: { type: "directory", path: out } }, leads);
    refuses({ mounts: [bind(project), bind(out, true)] }, leads);
    refuses({ rootfs: { type: "directory", path: project }, mounts: [bind(out, true)] }, leads);
  });

  test("is found whatever way is taken to the folder", () => {
    const mounts = [bind(join(folder, "link-to-project", "link-out"), true)];
    refuses({ workspace: project, mounts }, /a symbolic link in/);
    refuses({ workspace: join(folder, "link-to-project"), mounts }, /a symbolic link in/);
  });

  test("may lead elsewhere in it, and one in another folder anywhere", () => {
    check({ workspace: project, mounts: [bind(join(project, "link-inside"))] });
    check({ mounts: [bind(project, true), bind(join(project, "link-out"), true)] });
  });
});

test("a root directory exists and is a directory", () => {
  check({ rootfs: { type: "directory", path: join(home, "project") } });
  refuses({ rootfs: { type: "directory", path: "/" } }, /holds your home directory/);
  refuses({ rootfs: { type: "directory", path: join(folder, "nothing") } }, /no such file/);
  refuses({ rootfs: { type: "directory", path: join(folder, "file") } }, /not a directory/);
});

test("a path contains itself and what is below it", () => {
  for (const inner of ["/a", "/a/", "/a/b", "/a/..b", "/a/./b"]) assert.ok(contains("/a", inner));
  for (const outer of ["/", "/ab", "/b", "/a/..", "/a/../b"]) assert.ok(!contains("/a", outer));
});

describe("what stays read-only in a workspace", () => {
  const workspace = join(folder, "workspace");
  mkdirSync(workspace);
  const git = join(workspace, ".git");

  test("is git's hooks and configuration and the editor's folder, with .git pinned in its place", () => {
    mkdirSync(git);
    assert.deepEqual(protections(workspace), {
      pinned: [git],
      readOnly: [
        join(git, "hooks"),
        join(git, "config"),
        join(workspace, ".vscode"),
        join(workspace, "sandbox.json"),
      ],
    });
    rmSync(git, { recursive: true });
  });

  test("is the .git file itself in a worktree, because it names the directory that git trusts", () => {
    writeFileSync(git, "gitdir: /elsewhere\n");
    assert.deepEqual(protections(workspace), {
      pinned: [],
      readOnly: [git, join(workspace, ".vscode"), join(workspace, "sandbox.json")],
    });
    rmSync(git);
  });
});
