import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { attachDeviceProgram } from "../../helper/kernel/bpf.ts";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { deviceProgram } from "../../helper/limits/deviceProgram.ts";
import { inspect, startSandbox } from "./cli.ts";
import { needsRoot } from "./isolated.ts";

/** Nodes that the host's root makes, and opens from inside a cgroup: with every capability, and no other wall. */
const nodes = {
  null: "c 1 3",
  zero: "c 1 5",
  kmsg: "c 1 11",
  mem: "c 1 1",
  loop: "b 7 0",
} as const;

function openedIn(t: TestContext, cgroups: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-devices-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const entries = Object.entries(nodes);
  const made = entries.map(([name, numbers]) => `mknod ${folder}/${name} ${numbers}`);
  const entered = cgroups.map((directory) => `echo $$ > ${directory}/cgroup.procs`);
  const opened = entries.map(([name]) => `(exec 3< ${folder}/${name}) 2>/dev/null && echo ${name}`);
  const script = [...made, ...entered, ...opened, `mknod ${folder}/more c 1 11 && echo made`];
  const { stdout } = spawnSync("sh", ["-c", script.join("\n")], { encoding: "utf8" });
  return stdout.trim().split("\n");
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
    attachDeviceProgram(
      directory,
      deviceProgram([
        { type: "c", major: 1, minor: 3 },
        { type: "b", major: 7 },
      ]),
    );
    const opened = openedIn(t, [directory]);
    assert.ok(opened.includes("null"));
    for (const name of ["zero", "kmsg", "mem", "made"]) assert.ok(!opened.includes(name), name);
  });
});
