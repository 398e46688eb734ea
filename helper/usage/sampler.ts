import { readStat } from "../kernel/procfs.ts";
import type { CgroupTarget } from "../limits/target.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { UsageSample } from "../protocol/usage.ts";
import { FilesAbove } from "./above.ts";
import { keptBeside } from "./descriptors.ts";
import { deviceName, readEquipment } from "./devices.ts";
import { usageFiles } from "./files.ts";
import { firstMember, NetworkReader } from "./network.ts";
import { type CgroupUsage, UsageReader } from "./reader.ts";

/** What nobody asked for in this time is closed. */
const idleMs = 15_000;
/** Files appear when a controller is enabled, disks get another scheduler, a process moves. */
const longestLifeMs = 60_000;
/** Looking for one and opening it costs as much as twenty rounds of it: they take turns, and some live longer. */
const renewalsEachRound = 1;

interface Reading {
  readonly target: CgroupTarget;
  readonly startTimeTicks: number | undefined;
  readonly cgroup: UsageReader;
  readonly network: NetworkReader;
  readonly openedMs: number;
  usedMs: number;
}

/** Reads the usage of targets; what it opened for one stays open for as long as it is asked again. */
export class Sampler {
  readonly #find: (target: string) => CgroupTarget;
  readonly #readings = new Map<string, Reading>();
  readonly #files = usageFiles(readEquipment());
  readonly #above = new FilesAbove();
  #descriptors = 0;
  #renewals = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `find` throws noSuchSandbox, noSuchProcess or noSuchCgroup. */
  constructor(find: (target: string) => CgroupTarget) {
    this.#find = find;
  }

  /** What is read of cgroups above counts for what is sampled from now on until the next round. */
  beginRound(): void {
    this.#above.beginRound();
    this.#renewals = 0;
  }

  /** Throws what `find` throws, and sandboxNotRunning; also for what went away since the last time. */
  sample(target: string): UsageSample {
    const known = this.#readings.get(target);
    const sample = known && this.#read(target, known);
    if (sample) return sample;
    this.#close(target);
    const again = this.#read(target, this.#open(target));
    if (again) return again;
    this.#close(target);
    throw gone(target);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const target of [...this.#readings.keys()]) this.#close(target);
  }

  /** Undefined where it has to be looked for again. */
  #read(name: string, reading: Reading): UsageSample | undefined {
    const nowMs = clockMs();
    if (hasEnded(reading) || this.#isDue(reading, nowMs)) return undefined;
    const usage = reading.cgroup.read();
    if (!usage) return undefined;
    reading.usedMs = nowMs;
    // Where no process is, none shows a network.
    const network = usage.pids?.current === 0 ? undefined : reading.network.read();
    return toSample(name, nowMs, usage, network);
  }

  #isDue({ openedMs }: Reading, nowMs: number): boolean {
    if (nowMs - openedMs < longestLifeMs || this.#renewals === renewalsEachRound) return false;
    this.#renewals += 1;
    return true;
  }

  #open(name: string): Reading {
    const target = this.#find(name);
    const { cgroups, pid } = target;
    const kept = keptBeside(this.#descriptors);
    const cgroup = new UsageReader(cgroups, this.#files, kept, this.#above);
    // One that was just found, in a hierarchy that counts nothing, is there without a figure.
    if (target.kind === "sandbox" && cgroups.length > 0 && cgroup.isEmpty) throw gone(name, target);
    const network = new NetworkReader(() => pid ?? firstMember(cgroups));
    const nowMs = clockMs();
    const startTimeTicks = pid === undefined ? undefined : readStat(pid)?.startTimeTicks;
    const reading = { target, startTimeTicks, cgroup, network, openedMs: nowMs, usedMs: nowMs };
    this.#readings.set(name, reading);
    this.#descriptors += cgroup.descriptors;
    this.#timer ??= setInterval(() => this.#closeIdle(), idleMs).unref();
    return reading;
  }

  #close(name: string): void {
    const reading = this.#readings.get(name);
    if (!reading) return;
    this.#readings.delete(name);
    this.#descriptors -= reading.cgroup.descriptors;
    reading.cgroup.dispose();
    reading.network.dispose();
  }

  #closeIdle(): void {
    const nowMs = clockMs();
    for (const [name, { usedMs }] of this.#readings) {
      if (nowMs - usedMs >= idleMs) this.#close(name);
    }
    if (this.#readings.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Since 1970, but never set: see UsageSample. A tenth of a millisecond is enough for any rate. */
function clockMs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 10) / 10;
}

function toSample(
  target: string,
  atMs: number,
  { io, ...usage }: CgroupUsage,
  network: UsageSample["network"],
): UsageSample {
  const named = io?.map((device) => ({ ...device, name: deviceName(device.device) }));
  return { target, atMs, ...usage, io: named, network };
}

/** Its cgroup may live on without it. */
function hasEnded({ target: { pid }, startTimeTicks }: Reading): boolean {
  return pid !== undefined && readStat(pid)?.startTimeTicks !== startTimeTicks;
}

function gone(name: string, target?: CgroupTarget): TerrariumError {
  return target?.kind === "sandbox"
    ? new TerrariumError("sandboxNotRunning", { target: target.title })
    : new TerrariumError("noSuchCgroup", { path: name });
}
