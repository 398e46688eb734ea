import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import type { UsageSample } from "../../helper/protocol/usage.ts";
import type { UsageRates } from "../../helper/protocol/usageRates.ts";
import { startDocker } from "../bench/peers.ts";
import { eventually, json } from "./cli.ts";
import { startInside } from "./insideCgroup.ts";
import { needsRoot } from "./isolated.ts";

/** The same figures as docker stats and systemd-cgtop; docs/reference.md says where definitions differ. */

interface Line {
  readonly sample: UsageSample;
  readonly rates?: UsageRates;
}

const bounded = { ...needsRoot, timeout: 120_000 };

describe("our figures beside docker stats", bounded, () => {
  test("are the same for a busy container with limits", async (t) => {
    if (!existsSync("/usr/sbin/dockerd")) return t.skip("dockerd is not installed");
    const docker = await startDocker();
    const [program = "", ...client] = docker.client;
    const ask = (...words: string[]) =>
      execFileSync(program, [...client, ...words], { encoding: "utf8" }).trim();
    t.after(async () => {
      ask("rm", "-f", id);
      await docker.dispose();
    });
    const limits = ["--cpus", "0.3", "-m", "64m", "--network", "none"];
    const busy = ["sh", "-c", "sleep 1000 & while :; do :; done"];
    const id = ask("run", "-d", ...limits, "bench:1", ...busy);
    await eventually("docker counts the processes", () => {
      const theirs = JSON.parse(ask("stats", "--no-stream", "--format", "{{json .}}", id));
      return theirs.PIDs === "2" && Number.parseFloat(theirs.CPUPerc) > 0;
    });
    const theirs = JSON.parse(ask("stats", "--no-stream", "--format", "{{json .}}", id));
    const [ours] = await json<readonly Line[]>(["stats", `/docker/${id}`]);
    assert.equal(`${ours?.sample.pids?.current}`, theirs.PIDs);
    // Both stand at the quota; a busy machine may give less in one of the seconds.
    near(ours?.rates?.cpuPercent, Number.parseFloat(theirs.CPUPerc), 12);
    const [used = "", limit = ""] = theirs.MemUsage.split(" / ");
    near(ours?.sample.memory?.workingSet, mebibytes(used) * 1024 ** 2, 512 * 1024);
    assert.equal(ours?.sample.memory?.max, mebibytes(limit) * 1024 ** 2);
    assert.equal(theirs.NetIO, "0B / 0B");
    assert.deepEqual(ours?.sample.network, []);
  });
});

describe("our figures beside systemd-cgtop", bounded, () => {
  test("are the same for a busy cgroup", async (t) => {
    if (spawnSync("systemd-cgtop", ["-b", "-n", "1"]).status !== 0) {
      return t.skip("systemd-cgtop does not run here (252 ends by a fault in a cgroup namespace)");
    }
    const hold = "held=$(head -c 8m /dev/zero | tr '\\0' a); echo; while :; do :; done";
    const path = await startInside(t, { cpuPeriodUs: 20_000, cpuQuotaUs: 2_000 }, hold);
    const [line] = await json<readonly Line[]>(["stats", path]);
    const theirs = cgtop(path);
    near(line?.rates?.cpuPercent, theirs.cpuPercent, 6);
    near(line?.sample.memory?.current, theirs.memory, 512 * 1024);
    assert.equal(line?.sample.pids?.current, theirs.tasks);
  });
});

function near(ours: number | undefined, theirs: number, tolerance: number): void {
  assert.ok(ours !== undefined && Math.abs(ours - theirs) <= tolerance, `${ours} and ${theirs}`);
}

/** `1.5MiB`. */
function mebibytes(text: string): number {
  const units: Readonly<Record<string, number>> = { B: 2 ** -20, KiB: 2 ** -10, MiB: 1, GiB: 1024 };
  const unit = units[text.replace(/^[\d.]+/, "")];
  assert.ok(unit !== undefined, text);
  return Number.parseFloat(text) * unit;
}

/** Its second round: path, tasks, percent, memory, input, output. */
function cgtop(path: string) {
  const options = ["-b", "-n", "2", "-d", "1", "--raw", "-P", "--depth=9"];
  const output = execFileSync("systemd-cgtop", options, { encoding: "utf8" });
  const line = output.split("\n").findLast((candidate) => candidate.startsWith(`${path} `));
  const [, tasks, cpuPercent, memory] = (line ?? "").split(/\s+/).map(Number);
  return { tasks, cpuPercent: cpuPercent ?? Number.NaN, memory: memory ?? Number.NaN };
}
