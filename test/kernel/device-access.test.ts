import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { attachDeviceProgram, loadDeviceProgram } from "../../helper/kernel/bpf.ts";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { bpf } from "../../helper/kernel/libc.ts";
import { confineDevices } from "../../helper/limits/deviceAccess.ts";
import { deviceProgram } from "../../helper/limits/deviceProgram.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { clientBehind, clientOfUser, inspect, startSandbox, terrarium } from "./cli.ts";
import { needsRoot, strangerId } from "./isolated.ts";
import { makeRootfs } from "./rootfs.ts";

/** The /tmp of systemd is mounted with nodev. */
const openFolder = "/var/tmp";

/** Nodes that the host's root makes, and opens from inside a cgroup: with every capability, and no other wall. */
const nodes = {
  null: "c 1 3",
  zero: "c 1 5",
  kmsg: "c 1 11",
  mem: "c 1 1",
  loop: "b 7 0",
} as const;

function openedIn(t: TestContext, cgroups: readonly string[]) {
  const folder = mkdtempSync(join(openFolder, "terrarium-devices-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const entries = Object.entries(nodes);
  const made = entries.map(([name, numbers]) => `mknod ${folder}/${name} ${numbers}`);
  const entered = cgroups.map((directory) => `echo $$ > ${directory}/cgroup.procs`);
  const opened = entries.map(([name]) => `(exec 3< ${folder}/${name}) 2>/dev/null && echo ${name}`);
  const script = [...made, ...entered, ...opened, `mknod ${folder}/more c 1 11 && echo made`];
  const { stdout } = spawnSync("sh", ["-c", script.join("\n")], { encoding: "utf8" });
  return stdout.trim().split("\n");
}

/** Writing to devices.deny takes CAP_SYS_ADMIN: cgroup-v1/devices.rst, "Security". */
const withoutAdmin = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"];

/** A program that lets nobody add another below: no BPF_F_ALLOW_MULTI, no BPF_F_ALLOW_OVERRIDE. */
function attachAlone(directory: string): void {
  const [cgroup, program] = [openSync(directory, "r"), loadDeviceProgram(deviceProgram([]))];
  const [attachCommand, deviceAttachType] = [8, 6];
  bpf(attachCommand, Buffer.from(Uint32Array.of(cgroup, program, deviceAttachType, 0).buffer));
  for (const descriptor of [cgroup, program]) closeSync(descriptor);
}

function kmsgNode(t: TestContext, mode: string): string {
  const folder = mkdtempSync(join(openFolder, "terrarium-device-"));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  spawnSync("mknod", ["-m", mode, `${folder}/kmsg`, "c", "1", "11"]);
  return `${folder}/kmsg`;
}

describe("the devices of a sandbox's cgroup", needsRoot, () => {
  test("are null, zero and their like, for a process that could open others", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const cgroups = Object.values((await inspect(name)).cgroups);
    assert.deepEqual(openedIn(t, cgroups), ["null", "zero"]);
    assert.deepEqual(openedIn(t, []).slice(0, 3), ["null", "zero", "kmsg"]);
  });

  test("are the same by a program of BPF, in version 2", (t) => {
    const unified = readCgroupMounts().hierarchies.find(({ version }) => version === 2);
    assert.ok(unified);
    const directory = join(unified.mountPoint, `test-devices-${process.pid}`);
    mkdirSync(directory);
    t.after(() => rmdirSync(directory));
    const program = loadDeviceProgram(
      deviceProgram([
        { type: "c", major: 1, minor: 3 },
        { type: "b", major: 7 },
        { type: "c", major: 1, minor: 5, access: "w" },
      ]),
    );
    attachDeviceProgram(directory, program);
    closeSync(program);
    const opened = openedIn(t, [directory]);
    assert.ok(opened.includes("null"));
    for (const name of ["zero", "kmsg", "mem", "made"]) assert.ok(!opened.includes(name), name);
  });

  test("are never all because version 2 did not take the program for this cgroup", (t) => {
    const hierarchy = readCgroupMounts().hierarchies.find(({ version }) => version === 2);
    assert.ok(hierarchy);
    const outer = join(hierarchy.mountPoint, `test-devices-outer-${process.pid}`);
    const directory = join(outer, "inner");
    for (const one of [outer, directory]) mkdirSync(one);
    t.after(() => {
      for (const one of [directory, outer]) rmdirSync(one);
    });
    attachAlone(outer);
    assert.throws(
      () => confineDevices([{ hierarchy, directory }], []),
      (error) =>
        TerrariumError.is(error, "cgroupFailed") && error.args.call === "bpf BPF_PROG_ATTACH",
    );
  });

  test("are never more than was asked for because version 1 refused to be told", async (t) => {
    const { hierarchies } = readCgroupMounts();
    if (!hierarchies.some(({ controllers }) => controllers.includes("devices")))
      return t.skip("this machine has no devices controller");
    const words = ["run", "--device", `${kmsgNode(t, "666")}:/dev/log:r`, "--", "true"];
    const { code, stderr } = await clientBehind(withoutAdmin).run(words);
    assert.equal(code, 125);
    assert.match(stderr, /devices\.deny.*EPERM/);
  });
});

describe("--device", needsRoot, () => {
  const user = clientOfUser(strangerId);

  const run = (device: string, script: string) =>
    terrarium.run(["run", "--device", device, "--", "sh", "-c", script]);

  test("opens that node, for what was asked, and no other", async (t) => {
    const kmsg = kmsgNode(t, "666");
    const opened = await run(`${kmsg}:/dev/log:w`, ": >> /dev/log && echo written");
    assert.equal(opened.stdout, "written\n", opened.stderr);
    for (const [access, more] of [
      ["w", []],
      ["rwm", ["kmsg", "made"]],
    ] as const) {
      const { name } = await startSandbox(
        t,
        ["--device", `${kmsg}:/dev/log:${access}`],
        ["sleep", "600"],
      );
      const cgroups = Object.values((await inspect(name)).cgroups);
      assert.deepEqual(openedIn(t, cgroups), ["null", "zero", ...more]);
    }
  });

  test("refuses what is no device, has another place or is closed to strangers", async (t) => {
    const refusals = [
      // Not the launcher's words, which looks at what it has opened once more.
      ["/etc/passwd:/dev/x", /it is no device(?! node)/],
      [`${kmsgNode(t, "666")}:/dev/null`, /the sandbox's own/],
      [`${kmsgNode(t, "666")}:/dev/pts/7`, /the sandbox's own/],
      [`${kmsgNode(t, "666")}:/dev/x/../pts`, /the sandbox's own/],
      [`${kmsgNode(t, "666")}:/etc/x`, /below \/dev/],
      [`${kmsgNode(t, "666")}:/dev`, /below \/dev/],
      [`${kmsgNode(t, "666")}:/dev/../etc/x`, /below \/dev/],
      [`${kmsgNode(t, "664")}:/dev/x:rw`, /its mode is 664/],
      [`${kmsgNode(t, "662")}:/dev/x:r`, /its mode is 662/],
      [`${kmsgNode(t, "600")}:/dev/x`, /its mode is 600/],
    ] as const;
    for (const [device, why] of refusals) {
      const refused = await run(device, "true");
      assert.match(refused.stderr, why);
      assert.equal(refused.code, 125);
    }
  });

  test("refuses an ordinary user what that user may not open, and what no wall of theirs holds", async (t) => {
    const device = (mode: string, access: string) =>
      user.run(["run", "--device", `${kmsgNode(t, mode)}:/dev/log:${access}`, "--", "true"]);
    assert.match(
      (await device("600", "rw")).stderr,
      /you may not open it yourself \(access: EACCES\)/,
    );
    assert.match((await device("666", "r")).stderr, /nothing here can hold it to "r"/);
    assert.equal((await device("666", "rw")).code, 0);
  });

  test("lets no other node of the same device in: neither a bound folder's, nor a root file system's, nor a new one", async (t) => {
    const kmsg = kmsgNode(t, "666");
    const folder = dirname(kmsg);
    const device = ["--device", `${kmsg}:/dev/log`];
    const attempts =
      "(: >> /dev/log) && echo own; (: >> $1) && echo other; mknod /tmp/node c 1 11 && echo made";
    const tried = (options: readonly string[], node: string) =>
      terrarium.run(["run", ...device, ...options, "--", "sh", "-c", attempts, "sh", node]);
    const bound = await tried(["-v", `${folder}:/bound`], "/bound/kmsg");
    if (/refuses to id-map/.test(bound.stderr)) return t.skip("/var/tmp cannot be id-mapped");
    assert.equal(bound.stdout, "own\n", bound.stderr);
    assert.match(bound.stderr, /\/bound\/kmsg: Permission denied/);
    makeRootfs(folder);
    const own = await tried(["--rootfs", folder], "/kmsg");
    assert.equal(own.stdout, "own\n", own.stderr);
    assert.match(own.stderr, /\/kmsg: Permission denied/);
  });

  test("is told by the plan, with the wall that holds", async (t) => {
    const { stdout } = await terrarium.run([
      "run",
      "--device",
      `${kmsgNode(t, "666")}:/dev/log`,
      "--plan",
      "--",
      "true",
    ]);
    assert.match(stdout, /device .*kmsg → \/dev\/log/);
    assert.match(stdout, /device wall +(devices controller|BPF)/);
  });
});
