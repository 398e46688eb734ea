import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { asRoot, hostPrograms, idMaps, launcherPath } from "./launcher.ts";
import { buildWithout, mountCalls } from "./without.ts";

const hierarchy = "/sys/fs/cgroup/unified";
const cgroup = join(
  existsSync(hierarchy) ? hierarchy : "/sys/fs/cgroup",
  `terrarium-staging-${process.pid}`,
);

/** native/staging.c and restrict.c: what launcher-fallbacks.test.ts cannot ask of other tests. */
describe("mounts that are made by mount(2)", asRoot, () => {
  let folder = "";
  let source = "";
  let launcher = "";
  const mounted: string[] = [];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "terrarium-staging-"));
    launcher = buildWithout(folder, { missing: mountCalls });
  });
  beforeEach(() => {
    for (const place of mounted.splice(0).reverse()) execFileSync("umount", [place]);
    rmSync(source, { recursive: true, force: true });
    source = join(folder, "source");
    mkdirSync(source);
    execFileSync("chmod", ["755", folder, source]);
  });
  after(() => {
    for (const place of mounted.reverse()) execFileSync("umount", [place]);
    rmSync(folder, { recursive: true, force: true });
  });

  const mountTmpfs = (name: string, options = "") => {
    const place = join(source, name);
    mkdirSync(place, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", `mode=777${options}`, "x", place]);
    mounted.push(place);
  };

  const shell = (program: string, script: string, ...options: readonly string[]) => {
    const line = [...idMaps, ...hostPrograms, ...options, "--", "/bin/sh", "-c", script];
    return spawnSync(program, ["run", "--status-fd", "2", ...line], { encoding: "utf8" });
  };

  /** Without the numbers of mounts and devices. */
  const tree = (program: string, ...options: readonly string[]): string[] => {
    mkdirSync(cgroup); // which the launcher removes
    const { stdout, stderr } = shell(program, "cat /proc/self/mountinfo", ...options);
    if (existsSync(cgroup)) rmdirSync(cgroup);
    assert.notEqual(stdout, "", stderr);
    return stdout.split("\n").map((line) =>
      line
        .split(" ")
        .slice(3)
        .join(" ")
        .replace(/fd\/\d+/g, "fd/N"),
    );
  };

  it("are the same, flag by flag", () => {
    mountTmpfs("one", ",noexec");
    mountTmpfs("one/t w\\o", ",nosuid,noatime");
    const own = ["--sysfs", "/sys", "--mqueue", "/dev/mqueue"];
    const cgroups = ["--cgroup", cgroup, "--cgroup-view", "/sys/fs/cgroup"];
    const binds = ["--ro-bind", source, "/r", "--bind", source, "/w", "--ro-protect", "/w/one"];
    for (const options of [
      [...own, ...cgroups, ...binds, "--read-only-root"],
      ["--overlay-tmpfs", "/usr"],
    ])
      assert.deepEqual(tree(launcher, ...options), tree(launcherPath, ...options));
  });

  it("are read-only with everything below, whatever it is called", () => {
    mountTmpfs("one");
    mountTmpfs("one/t w\\o");
    const script = 'cd /r; for i in . one one/t*; do echo x > "$i/file"; done';
    const { stderr } = shell(launcher, script, "--ro-bind", source, "/r");
    assert.equal(stderr.match(/Read-only file system/g)?.length, 3, stderr);
  });

  it("are refused where a mount that another one covers would stay as it is", () => {
    mountTmpfs("one");
    mountTmpfs("one");
    const before = readFileSync("/proc/self/mountinfo", "utf8");
    const { status, stderr } = shell(launcher, "true", "--ro-bind", source, "/r");
    assert.equal(status, 125);
    assert.match(stderr, /"stage":"mount".*"path":"one".*another one covers/);
    assert.equal(readFileSync("/proc/self/mountinfo", "utf8"), before);
  });

  it("are refused where they were to be id-mapped, and say why", () => {
    for (const options of [
      ["--idmap-bind", source, "/w"],
      ["--idmap-rootfs", source],
    ]) {
      const line = ["run", "--status-fd", "2", ...idMaps, ...options, "--", "true"];
      const { status, stderr } = spawnSync(launcher, line, { encoding: "utf8" });
      assert.equal(status, 125);
      assert.match(stderr, /"stage":"mount","call":"open_tree".*id-mapped mounts need/);
    }
  });

  it("show a view of the host as a plain bind", () => {
    for (const missing of [mountCalls, ["fsopen"]]) {
      const view = ["--view-try", "/etc", "/etc"];
      const without = buildWithout(folder, { missing });
      const { stdout, stderr } = shell(without, "stat -c %u /etc/passwd", ...view);
      assert.equal(stdout, "65534\n", stderr);
    }
  });

  it("do not reach a host whose mounts are shared, in its own user namespace either", () => {
    const line = ["run", "--namespace", "user", "host", ...hostPrograms, "--", "true"];
    const script = '"$@" && cat /proc/self/mountinfo';
    const { stdout } = spawnSync(
      "unshare",
      ["-m", "--propagation", "shared", "sh", "-c", script, "sh", launcher, ...line],
      { encoding: "utf8" },
    );
    assert.match(stdout, / \/proc /);
    assert.doesNotMatch(stdout, /\/proc\/driver/);
  });

  it("are not shown the place where they were made, in a copy of the host's /proc either", () => {
    const pids = ["--namespace", "pid", "host"];
    for (const options of [[], pids]) {
      const { stdout, stderr } = shell(launcher, "cat /proc/self/mountinfo", ...options);
      assert.match(stdout, / \/proc /, stderr);
      assert.doesNotMatch(stdout, /\/proc\/driver/);
    }
  });
});
