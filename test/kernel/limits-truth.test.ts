import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SandboxDetails } from "../../helper/protocol/inventory.ts";
import { type Cleanup, eventually, inspect, startSandbox } from "./cli.ts";
import { needsCgroups, needsRoot } from "./isolated.ts";
import { type LoopDisk, makeLoopDisk } from "./loop-disk.ts";

/**
 * What a limit does to a load that wants more, by the kernel's own counters: within 10 %. The machine may be
 * busy, so that a load gets less in one moment; it must never get more, and get what it may in one of several.
 */
const mostWindows = 40;
const leastWindows = 3;
const windowMs = 1_000;
const tolerance = 0.1;

/** A file of the sandbox, from every hierarchy that has it. */
function read({ cgroups }: SandboxDetails, file: string): string | undefined {
  const texts = Object.values(cgroups).flatMap((directory) => {
    try {
      return [readFileSync(join(directory, file), "utf8")];
    } catch {
      // Another version's, or another hierarchy's.
      return [];
    }
  });
  return texts.length > 0 ? texts.join("") : undefined;
}

function field(text: string | undefined, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text ?? "")?.[1]);
}

function usedUs(sandbox: SandboxDetails): number {
  const nanoseconds = read(sandbox, "cpuacct.usage");
  return nanoseconds === undefined
    ? field(read(sandbox, "cpu.stat"), "usage_usec")
    : Number(nanoseconds) / 1_000;
}

/** Looks at a counter, window by window, until it has once grown as much as the limit allows in a second. */
async function assertAtLimit(counter: () => number, limit: number): Promise<void> {
  const shares: number[] = [];
  const isReached = () => Math.max(...shares) >= 1 - tolerance;
  while (shares.length < leastWindows || (!isReached() && shares.length < mostWindows)) {
    const [before, begin] = [counter(), performance.now()];
    await sleep(windowMs);
    shares.push(((counter() - before) * 1_000) / (performance.now() - begin) / limit);
  }
  const words = `${shares.map((share) => share.toFixed(3)).join(" ")} of the limit`;
  const sorted = [...shares].sort((a, b) => a - b);
  assert.ok((sorted[Math.floor(shares.length / 2)] ?? 0) <= 1 + tolerance, words);
  assert.ok(isReached(), words);
}

const busy = ["sh", "-c", "while :; do :; done"];

async function start(t: Cleanup, options: readonly string[], command: readonly string[]) {
  const { name } = await startSandbox(t, options, command);
  return inspect(name);
}

describe("the CPU limit", needsCgroups, () => {
  test("gives a busy loop 20 % of one processor, with 20000 of 100000", async (t) => {
    const quota = ["--cpu-period", "100000", "--cpu-quota", "20000"];
    const sandbox = await start(t, quota, busy);
    await assertAtLimit(() => usedUs(sandbox), 200_000);
    assert.ok(field(read(sandbox, "cpu.stat"), "nr_throttled") > 0);
  });

  test("holds for many processes together, and is the same as --cpus", async (t) => {
    const three = ["sh", "-c", `${busy[2]} & ${busy[2]} & ${busy[2]}`];
    const sandbox = await start(t, ["--cpus", "0.3"], three);
    await assertAtLimit(() => usedUs(sandbox), 300_000);
  });
});

/** sched-bwc.rst: what was not used is saved, up to the burst; cpu.stat counts what was taken of it. */
test(
  "the CPU burst is what a loop that was held still may take at once",
  needsCgroups,
  async (t) => {
    const burstUs = 20_000;
    const options = ["--cpu-quota", "20000", "--cpu-burst", `${burstUs}`];
    const sandbox = await start(t, options, busy);
    const { pid = 0 } = sandbox.processes.find(({ command }) => command === "sh") ?? {};
    const takenUs = () => {
      const text = read(sandbox, "cpu.stat");
      return field(text, "burst_usec") || field(text, "burst_time") / 1_000;
    };
    const shares: number[] = [];
    const isReached = () => shares.some((share) => share >= 1 - tolerance);
    while (!isReached() && shares.length < mostWindows) {
      process.kill(pid, "SIGSTOP");
      await sleep(windowMs / 2);
      const before = takenUs();
      process.kill(pid, "SIGCONT");
      await sleep(windowMs / 2);
      shares.push((takenUs() - before) / burstUs);
    }
    const words = `${shares.map((share) => share.toFixed(3)).join(" ")} of the burst`;
    assert.ok(isReached() && shares.every((share) => share <= 1 + tolerance), words);
  },
);

/** Two loops on one processor: how many times as much the first gets. */
async function ratio(t: Cleanup, first: readonly string[], second: readonly string[]) {
  const one = ["--cpuset-cpus", "0"];
  const [a, b] = [
    await start(t, [...one, ...first], busy),
    await start(t, [...one, ...second], busy),
  ];
  const [beforeA, beforeB] = [usedUs(a), usedUs(b)];
  // Until the processor has given enough, however busy it is.
  await eventually(
    "they have used a second of it",
    () => usedUs(a) + usedUs(b) - beforeA - beforeB > 1e6,
  );
  return (usedUs(a) - beforeA) / (usedUs(b) - beforeB);
}

describe("weights, on one processor,", needsCgroups, () => {
  test("share it by --cpu-shares: four times as many, four times as much", async (t) => {
    const share = await ratio(t, ["--cpu-shares", "2048"], ["--cpu-shares", "512"]);
    assert.ok(Math.abs(share / 4 - 1) <= tolerance, share.toFixed(2));
  });

  test("leave an idle sandbox next to nothing", async (t) => {
    const share = await ratio(t, [], ["--cpu-idle", "1"]);
    assert.ok(share > 20, share.toFixed(2));
  });
});

test("the set of processors is all that programs find, and run on", needsCgroups, async (t) => {
  const sandbox = await start(t, ["--cpuset-cpus", "1", "--cpuset-mems", "0"], busy);
  const shell = sandbox.processes.find(({ command }) => command === "sh");
  const status = readFileSync(`/proc/${shell?.pid}/status`, "utf8");
  assert.match(status, /^Cpus_allowed_list:\t1$/m);
  // Field 39: the processor that it ran on last.
  const stat = readFileSync(`/proc/${shell?.pid}/stat`, "utf8");
  assert.equal(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[36], "1");
});

test(
  "the memory limit lets a hog have all of it and no more, and ends it alone",
  needsCgroups,
  async (t) => {
    const limit = 64 * 1024 * 1024;
    const hog =
      "head -c 300000000 /dev/zero | tail -c 300000000 | wc -c; echo $? > /tmp/ended; exec sleep 600";
    const sandbox = await start(t, ["-m", "64m"], ["sh", "-c", hog]);
    const kills = () =>
      field(read(sandbox, "memory.oom_control") ?? read(sandbox, "memory.events"), "oom_kill");
    await eventually("the kernel ends it", () => kills() === 1);
    const peak = Number(read(sandbox, "memory.max_usage_in_bytes") ?? read(sandbox, "memory.peak"));
    assert.ok(peak <= limit && peak >= limit * (1 - tolerance), `${peak} of ${limit}`);
    // It is counted when it is chosen, and is gone when it has given back what it holds.
    await eventually("it is gone", async () => {
      const { state, processes } = await inspect(sandbox.name);
      assert.equal(state, "running");
      return !processes.some(({ command }) => command === "tail");
    });
  },
);

test("fork is refused at the limit of processes", needsCgroups, async (t) => {
  const forks = "(for i in $(seq 40); do sleep 600 & done) 2>/dev/null; exec sleep 600";
  const sandbox = await start(t, ["--pids-limit", "20"], ["sh", "-c", forks]);
  await eventually("it is refused", () => field(read(sandbox, "pids.events"), "max") > 0);
  // The shell that was refused has ended.
  await eventually("all others live on", () => Number(read(sandbox, "pids.current")) === 19);
});

test("a process of that size outside lives on", async () => {
  const load = "head -c 300000000 /dev/zero | tail -c 300000000 | wc -c";
  const child = spawn("sh", ["-c", load], { stdio: ["ignore", "pipe", "inherit"] });
  const [[code], output] = await Promise.all([once(child, "exit"), text(child.stdout)]);
  assert.deepEqual([code, output.trim()], [0, "300000000"]);
});

/** Without end, past the page cache: only what reaches the device is counted. */
const reading = (block: string) =>
  `while :; do dd if=/data/file of=/dev/null bs=${block} iflag=direct 2>/dev/null; done`;
const writing = (block: string) =>
  `while :; do dd if=/dev/zero of=/data/file bs=${block} count=64 oflag=direct conv=notrunc 2>/dev/null; done`;

interface DiskCase {
  readonly option: string;
  readonly rate: number;
  readonly load: string;
  readonly counted: "rbytes" | "wbytes" | "rios" | "wios";
}

const disks: readonly DiskCase[] = [
  { option: "--device-read-bps", rate: 2 ** 21, load: reading("64k"), counted: "rbytes" },
  { option: "--device-write-bps", rate: 2 ** 21, load: writing("64k"), counted: "wbytes" },
  { option: "--device-read-iops", rate: 100, load: reading("4k"), counted: "rios" },
  { option: "--device-write-iops", rate: 100, load: writing("4k"), counted: "wios" },
];

/** Version 1 counts in two files, by direction. */
const version1 = {
  rbytes: ["blkio.throttle.io_service_bytes", "Read"],
  wbytes: ["blkio.throttle.io_service_bytes", "Write"],
  rios: ["blkio.throttle.io_serviced", "Read"],
  wios: ["blkio.throttle.io_serviced", "Write"],
} as const;

function transferred(sandbox: SandboxDetails, { number }: LoopDisk, what: DiskCase["counted"]) {
  const [file, direction] = version1[what];
  const text = read(sandbox, file);
  if (text !== undefined) return field(text, `${number} ${direction}`) || 0;
  const line = new RegExp(`^${number} .*\\b${what}=(\\d+)`, "m").exec(
    read(sandbox, "io.stat") ?? "",
  );
  return Number(line?.[1] ?? 0);
}

/** Root alone may mount a disk. */
describe("a disk gives", { ...needsRoot, concurrency: true }, () => {
  for (const { option, rate, load, counted } of disks) {
    test(`no more than ${option}, and that much`, async (t) => {
      const disk = makeLoopDisk(t);
      const bound = [option, `${disk.device}:${rate}`, "-v", `${disk.folder}:/data`];
      const sandbox = await start(t, bound, ["sh", "-c", load]);
      await eventually("it begins", () => transferred(sandbox, disk, counted) > 0);
      await assertAtLimit(() => transferred(sandbox, disk, counted), rate);
    });
  }
});
