import { dirname, join } from "node:path";
import { type CgroupMount, cgroupDirectory, readCgroupMounts } from "../kernel/cgroupfs.ts";
import { type Known, tryToKnow } from "../kernel/known.ts";
import { readCgroupPaths } from "../kernel/procfs.ts";
import type { CgroupMembership } from "../kernel/proctext.ts";
import type { LimitName } from "../protocol/limits.ts";
import { filesOf } from "./limitFile.ts";
import { fileIn } from "./read.ts";
import { type Controller, limitTable } from "./table.ts";

/** The lowest limit of a process's cgroup and its ancestors, the one that it runs into first. */
export interface EffectiveLimit {
  /** Bytes, a count, or processors (1.5 is one and a half). Undefined: none is set. */
  readonly value: number | undefined;
  /** The file that sets it, or the process's own where none does. */
  readonly file: string;
}

export type EffectiveLimits = Readonly<Record<Controller, Known<EffectiveLimit>>>;

/** Not known where the controller is mounted nowhere, or the process is outside what the helper sees. */
export function effectiveLimits(pid: number): EffectiveLimits {
  const { hierarchies } = readCgroupMounts();
  const memberships = readCgroupPaths(pid) ?? [];
  const find = (controller: Controller, readAt: ReadAt) =>
    lowestOf(controller, hierarchies, memberships, readAt);
  return {
    memory: find("memory", (at) => reading(at, "memoryBytes")),
    pids: find("pids", (at) => reading(at, "pidsMax")),
    cpu: find("cpu", processors),
  };
}

/** One cgroup of a hierarchy. */
interface Place {
  readonly version: 1 | 2;
  readonly directory: string;
}

type ReadAt = (place: Place) => EffectiveLimit;

function lowestOf(
  controller: Controller,
  hierarchies: readonly CgroupMount[],
  memberships: readonly CgroupMembership[],
  readAt: ReadAt,
): Known<EffectiveLimit> {
  const mount = hierarchies.find(({ controllers }) => controllers.includes(controller));
  if (!mount) return { known: false, why: `no ${controller} controller is mounted here` };
  const own = memberships.find(({ hierarchy, controllers }) =>
    mount.version === 2 ? hierarchy === 0 : controllers.includes(controller),
  );
  const directory = own && cgroupDirectory(mount, own.path);
  if (directory === undefined) return { known: false, why: "its cgroup lies outside ours" };
  return tryToKnow(() =>
    upwards(directory, mount.mountPoint)
      .map((at) => readAt({ version: mount.version, directory: at }))
      .reduce((least, next) => (bound(next) < bound(least) ? next : least)),
  );
}

function bound({ value }: EffectiveLimit): number {
  return value ?? Number.POSITIVE_INFINITY;
}

/** A quota says something only with its period: what counts is how many processors it amounts to. */
function processors(place: Place): EffectiveLimit {
  const { value: quota, file } = reading(place, "cpuQuotaUs");
  const { value: period } = reading(place, "cpuPeriodUs");
  return { file, value: quota === undefined || !period ? undefined : quota / period };
}

function reading({ version, directory }: Place, limit: LimitName): EffectiveLimit {
  const row = limitTable.find((known) => known.limit === limit);
  const limitFile = row && fileIn(row, { version });
  if (!limitFile || "reason" in limitFile) throw new Error(`no file for ${limit}`);
  const files = filesOf(directory);
  const value = limitFile.read(files);
  return {
    file: join(directory, limitFile.find(files) ?? limitFile.name),
    value: typeof value === "number" ? value : undefined,
  };
}

/** From a cgroup to the top: the kernel holds a process to the limits of all of them. */
function upwards(directory: string, top: string): readonly [string, ...string[]] {
  const parent = dirname(directory);
  return directory === top || directory === parent
    ? [directory]
    : [directory, ...upwards(parent, top)];
}
