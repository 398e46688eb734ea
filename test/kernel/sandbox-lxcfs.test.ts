import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { eventually, startSandbox, terrarium } from "./cli.ts";
import { needsRoot } from "./isolated.ts";

const place = "/var/lib/lxcfs";
const isMounted = () =>
  / \/var\/lib\/lxcfs .* fuse\.lxcfs /.test(readFileSync("/proc/self/mountinfo", "utf8"));
const run = (...words: string[]) => terrarium.run(["run", ...words]);

describe("--lxcfs", needsRoot, () => {
  let started: ChildProcess | undefined;
  /** The machine's own where it runs, else one for these tests. */
  before(async () => {
    if (isMounted()) return;
    const refused = await run("--lxcfs", "--", "true");
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /apt-get install lxcfs/);
    started = spawn("lxcfs", ["-f", place], { stdio: "ignore" });
    await eventually("lxcfs is mounted", async () => isMounted());
  });
  after(() => {
    if (!started) return;
    spawnSync("umount", ["-l", place]);
    started.kill("SIGKILL");
  });

  test("shows the memory that the sandbox may use, and the host's without it", async () => {
    const total = ["sed", "-n", "s/^MemTotal: *//p", "/proc/meminfo"];
    assert.equal((await run("-m", "64m", "--lxcfs", "--", ...total)).stdout, "65536 kB\n");
    assert.notEqual((await run("-m", "64m", "--", ...total)).stdout, "65536 kB\n");
  });

  test("counts the processors that the sandbox may use, with a sysfs and without", async () => {
    const online = ["cat", "/sys/devices/system/cpu/online"];
    for (const sysfs of [[], ["--mount", "type=sysfs,target=/sys"]]) {
      const ran = await run("--cpuset-cpus", "0", "--lxcfs", ...sysfs, "--", ...online);
      assert.equal(ran.stdout, "0\n", ran.stderr);
    }
  });

  test("cannot be written, and is no way out of /proc", async () => {
    const write = "echo 1 > /proc/meminfo; umount /proc/meminfo; ls /proc/self/fdinfo | wc -l";
    const ran = await run("--userns", "root", "--lxcfs", "--", "sh", "-c", write);
    assert.match(ran.stderr, /(denied|Read-only)/i);
  });

  test("closes the isolation report's line of the machine's figures", async (t) => {
    const { name } = await startSandbox(t, ["--lxcfs"], ["sleep", "600"]);
    const report = await terrarium.run(["inspect", "--isolation", name]);
    assert.match(report.stdout, /machine figures +its own, by lxcfs/);
  });

  test("is told by the plan", async () => {
    const report = await run("--lxcfs", "--plan", "--", "true");
    assert.match(
      report.stdout,
      /bind +\/var\/lib\/lxcfs\/proc\/meminfo → \/proc\/meminfo +\(read-only\)/,
    );
  });
});
