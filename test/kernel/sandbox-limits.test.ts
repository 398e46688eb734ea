import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { SandboxDetails } from "../../helper/protocol/inventory.ts";
import { inspect, startSandbox, terrarium } from "./cli.ts";
import { shell } from "./inside.ts";
import { needsCgroups, needsRoot } from "./isolated.ts";

/** The sandbox's directory in the hierarchy that has `controller`. */
function cgroupOf({ cgroups }: SandboxDetails, controller: string): string {
  const found = Object.entries(cgroups).find(([id]) => id.split(",").includes(controller));
  return found?.[1] ?? cgroups["unified"] ?? "";
}

const isVersion1 =
  existsSync("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") ||
  existsSync("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us");

const needsVersion1 = {
  skip: needsRoot.skip || (isVersion1 ? false : "needs cgroup v1 with the cpu controller"),
};

describe("a CPU limit on cgroup v1", needsVersion1, () => {
  const busy = ["sh", "-c", "while :; do :; done"];
  const limits = ["--cpu-period", "100000", "--cpu-quota", "20000"];

  test("stands in the kernel's own files, and the process in its tasks", async (t) => {
    const { name } = await startSandbox(t, limits, busy);
    const sandbox = await inspect(name);
    const directory = cgroupOf(sandbox, "cpu");
    const read = (file: string) => readFileSync(join(directory, file), "utf8").trim();
    assert.equal(read("cpu.cfs_quota_us"), "20000");
    assert.equal(read("cpu.cfs_period_us"), "100000");
    const tasks = read("tasks").split("\n").map(Number);
    assert.deepEqual(tasks.sort(), sandbox.processes.map(({ pid }) => pid).sort());
  });

  test("is the same when it was asked for as --cpus", async (t) => {
    const { name } = await startSandbox(t, ["--cpus", "0.2"], ["sleep", "600"]);
    const { limits: readings } = await inspect(name);
    const values = Object.fromEntries(readings.map(({ limit, value }) => [limit, value]));
    assert.equal(values["cpuQuotaUs"], 20_000);
    assert.equal(values["cpuPeriodUs"], 100_000);
  });
});

describe("the other limits", needsCgroups, () => {
  test("memory: the kernel kills what takes more, inside only", async () => {
    const hog = "head -c 200000000 /dev/zero | tail -c 200000000 > /dev/null; echo survived $?";
    const ran = await terrarium.run(["run", "-m", "32m", "--", "sh", "-c", hog]);
    assert.match(ran.stdout, /^survived (137|139|1)$/m);
    assert.match(
      await shell("head -c 8000000 /dev/zero | tail -c 8000000 | wc -c", "-m", "32m"),
      /^8000000$/,
    );
  });

  test("pids: the next fork is refused, and the sandbox lives on", async () => {
    const script = "i=0; while [ $i -lt 20 ]; do sleep 5 & i=$((i+1)); done; echo made";
    const { stderr, code } = await terrarium.run([
      "run",
      "--pids-limit",
      "8",
      "--",
      "sh",
      "-c",
      script,
    ]);
    assert.match(stderr, /[Cc]annot fork|Resource temporarily unavailable/);
    assert.notEqual(code, 0);
  });
});
