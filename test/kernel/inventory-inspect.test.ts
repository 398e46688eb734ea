import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { readMounts } from "../../helper/inspect/mounts.ts";
import { inspectProcess } from "../../helper/inspect/process.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { needsRoot, startIsolated, startPlain, strangerId } from "./isolated.ts";

describe("inspecting a process", () => {
  test("says which namespaces are its own", async (t) => {
    const { pid } = await startIsolated(t, ["--user", "--net", "--uts"]);
    const own = inspectProcess(pid).namespaces.filter(({ shared }) => !shared);
    assert.deepEqual(
      own.map(({ type }) => type),
      ["net", "user", "uts"],
    );
  });

  test("tells its privileges apart from an unconfined one's", needsRoot, async (t) => {
    const confined = ["--bounding-set=-all,+chown", "--no-new-privs", `--reuid=${strangerId}`];
    const script = `exec setpriv ${confined.join(" ")} --clear-groups sh -c 'read -r pid rest < /proc/self/stat; echo $pid; exec sleep 600'`;
    const { pid } = await startPlain(t, script);
    const details = inspectProcess(pid);
    assert.deepEqual(details.boundingCapabilities, ["CHOWN"]);
    assert.deepEqual(details.effectiveCapabilities, []);
    assert.equal(details.noNewPrivileges, true);
    assert.equal(details.user, String(strangerId));
    assert.equal(inspectProcess(process.pid).noNewPrivileges, false);
  });

  test("names user, program, directory, and a cgroup in every hierarchy", () => {
    const details = inspectProcess(process.pid);
    assert.equal(details.user, execFileSync("id", ["-un"], { encoding: "utf8" }).trim());
    assert.equal(details.executable, process.execPath);
    assert.equal(details.workingDirectory, process.cwd());
    assert.equal(details.seccomp, "off");
    assert.ok(Object.values(details.cgroups).every((path) => path.startsWith("/")));
  });

  test("that does not exist is refused", () => {
    for (const inspect of [inspectProcess, readMounts]) {
      assert.throws(
        () => inspect(4_194_304),
        (error) => TerrariumError.is(error, "noSuchProcess") && error.args.pid === 4_194_304,
      );
    }
  });
});

describe("the mounts of a process", () => {
  test("are those of its mount namespace", async (t) => {
    const script = `mount -t tmpfs "a b" /mnt; mount --bind /usr/bin /mnt
      read -r pid rest < /proc/self/stat; echo $pid; exec sleep 600`;
    const { pid } = await startIsolated(t, ["--user", "--map-root-user", "--mount"], script);
    const mounted = readMounts(pid).mounts.filter(({ target }) => target === "/mnt");
    assert.equal(mounted[0]?.source, "a b");
    assert.equal(mounted[0]?.fileSystem, "tmpfs");
    assert.ok(mounted[1]?.source.endsWith("/usr/bin]"), mounted[1]?.source);
    assert.ok(!readMounts(process.pid).mounts.some(({ source }) => source === "a b"));
  });

  test("are told as far as anybody reads, and how many more there are", async (t) => {
    const script = `mount -t tmpfs first /mnt; for place in 1 2 3 4 5 6 7; do mount --rbind / /mnt; done
      read -r pid rest < /proc/self/stat; echo $pid; exec sleep 600`;
    const { pid } = await startIsolated(t, ["--user", "--map-root-user", "--mount"], script);
    const { mounts, mountsLeftOut } = readMounts(pid);
    const all = readFileSync(`/proc/${pid}/mountinfo`, "utf8").trimEnd().split("\n").length;
    assert.ok(all > 500, `${all}`);
    assert.deepEqual([mounts.length, mountsLeftOut], [500, all - 500]);
  });
});
