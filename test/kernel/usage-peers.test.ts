import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import type { UsageSample } from "../../helper/protocol/usage.ts";
import type { UsageRates } from "../../helper/protocol/usageRates.ts";
import { podmanRun, startDocker, startPodman } from "../bench/peers.ts";
import { eventually, json } from "./cli.ts";
import { startInside } from "./insideCgroup.ts";
import { needsRoot } from "./isolated.ts";

/** The same figures as docker stats, podman stats and systemd-cgtop; docs/reference.md says where definitions differ. */

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
    const read = () => JSON.parse(ask("stats", "--no-stream", "--format", "{{json .}}", id));
    await agree(`/docker/${id}`, read, ({ sample, rates }, theirs) => {
      const [used = "", limit = ""] = theirs.MemUsage.split(" / ");
      assert.equal(theirs.NetIO, "0B / 0B");
      assert.deepEqual(sample.network, []);
      return [
        { ours: sample.pids?.current, theirs: Number(theirs.PIDs), tolerance: 0 },
        // Both stand at the quota; a busy machine may give less in one of the seconds.
        { ours: rates?.cpuPercent, theirs: Number.parseFloat(theirs.CPUPerc), tolerance: 12 },
        { ours: sample.memory?.workingSet, theirs: inBytes(used), tolerance: 512 * 1024 },
        { ours: sample.memory?.max, theirs: inBytes(limit), tolerance: 0 },
      ];
    });
  });
});

describe("our figures beside podman stats", bounded, () => {
  test("are the same for a busy container with limits and files, by podman's definitions", async (t) => {
    const podman = await startPodman();
    t.after(() => podman.dispose());
    const [program = "", ...client] = podman.client;
    const ask = (...words: readonly string[]) =>
      execFileSync(program, [...client, ...words], { encoding: "utf8" }).trim();
    const script = "dd if=/dev/zero of=/file bs=1M count=8; sleep 1000 & while :; do :; done";
    const limits = ["--cpus", "0.3", "-m", "64m"];
    const id = ask(...podmanRun, ...limits, "bench:1", "sh", "-c", script);
    const read = (): PodmanStats => {
      const [stats] = JSON.parse(ask("stats", "--no-stream", "--format", "json", id));
      return stats;
    };
    await eventually("podman counts the processes", () => read().pids === "2");
    await agree(`/libpod_parent/libpod-${id}`, read, ({ sample }, theirs) => {
      const [used = "", limit = ""] = theirs.mem_usage.split(" / ");
      assert.equal(theirs.net_io, "0B / 0B");
      assert.deepEqual(sample.network, []);
      // The cache of its file is in podman's figure, and not in the working set.
      const { current = 0, workingSet = 0 } = sample.memory ?? {};
      assert.ok(
        current - workingSet > 6e6,
        `${current} of which ${workingSet} are the working set`,
      );
      return [
        { ours: sample.pids?.current, theirs: Number(theirs.pids), tolerance: 0 },
        { ours: sample.cpu?.usageUs, theirs: inMicroseconds(theirs.cpu_time), tolerance: 0 },
        { ours: current, theirs: inBytes(used), tolerance: 512 * 1024 },
        { ours: sample.memory?.max, theirs: inBytes(limit), tolerance: 5e3 },
      ];
    });
  });
});

/** The figures of one container that are compared. */
interface PodmanStats {
  readonly cpu_time: string;
  readonly mem_usage: string;
  readonly net_io: string;
  readonly pids: string;
}

/** Go's durations of less than an hour: `1m2.5s`, `692.1ms`. */
function inMicroseconds(text: string): number {
  const units: Readonly<Record<string, number>> = { m: 60e6, s: 1e6, ms: 1e3, µs: 1 };
  const parts = [...text.matchAll(/([\d.]+)(ms|µs|m|s)/g)];
  assert.equal(parts.map(([part]) => part).join(""), text);
  return parts.reduce((sum, [, number, unit = ""]) => sum + Number(number) * (units[unit] ?? 0), 0);
}

describe("our figures beside systemd-cgtop", bounded, () => {
  test("are the same for a busy cgroup", async (t) => {
    if (spawnSync("systemd-cgtop", ["-b", "-n", "1"]).status !== 0) {
      return t.skip("systemd-cgtop does not run here (252 ends by a fault in a cgroup namespace)");
    }
    const hold = "held=$(head -c 8m /dev/zero | tr '\\0' a); echo; while :; do :; done";
    const path = await startInside(t, { cpuPeriodUs: 20_000, cpuQuotaUs: 2_000 }, hold);
    const read = () => cgtop(path);
    await agree(path, read, ({ sample, rates }, theirs) => [
      { ours: rates?.cpuPercent, theirs: theirs.cpuPercent, tolerance: 6 },
      { ours: sample.memory?.current, theirs: theirs.memory, tolerance: 512 * 1024 },
      { ours: sample.pids?.current, theirs: theirs.tasks, tolerance: 0 },
    ]);
  });
});

interface Figure {
  readonly ours: number | undefined;
  readonly theirs: number;
  readonly tolerance: number;
}

/** A definition that differs never agrees; a second in which a busy machine gave less does not come five times. */
const attempts = 5;

/** Their reading stands between two of ours, and so must each of its figures. */
async function agree<T>(
  path: string,
  read: () => T,
  compare: (line: Line, theirs: T) => readonly Figure[],
): Promise<void> {
  let outside: readonly string[] = [];
  for (let attempt = 0; attempt < attempts; attempt++) {
    const [before] = await json<readonly Line[]>(["stats", path]);
    const theirs = read();
    const [after] = await json<readonly Line[]>(["stats", path]);
    assert.ok(before && after);
    const later = compare(after, theirs);
    outside = compare(before, theirs).flatMap((figure, index) =>
      isBetween(figure, later[index]?.ours) ? [] : describeFigure(figure, later[index]?.ours),
    );
    if (outside.length === 0) return;
  }
  assert.deepEqual(outside, []);
}

function isBetween({ ours, theirs, tolerance }: Figure, later: number | undefined): boolean {
  if (ours === undefined || later === undefined) return false;
  return theirs >= Math.min(ours, later) - tolerance && theirs <= Math.max(ours, later) + tolerance;
}

function describeFigure({ ours, theirs }: Figure, later: number | undefined): string {
  return `${theirs} of theirs between ${ours} and ${later} of ours`;
}

/** `1.5MiB` of docker, `1.5MB` of podman. */
function inBytes(text: string): number {
  const units: Readonly<Record<string, number>> = {
    B: 1,
    kB: 1e3,
    MB: 1e6,
    GB: 1e9,
    KiB: 2 ** 10,
    MiB: 2 ** 20,
    GiB: 2 ** 30,
  };
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
  const missing = Number.NaN;
  return { tasks: tasks ?? missing, cpuPercent: cpuPercent ?? missing, memory: memory ?? missing };
}
