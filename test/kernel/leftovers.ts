import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readMountinfo } from "../../helper/kernel/procfs.ts";
import { sliceName } from "../../helper/systemd/units.ts";
import { checkout } from "../rig/prepare.mjs";
import { eventually } from "./cli.ts";

/**
 * All that Terrarium could leave on the machine, one line each: records, sockets, cgroups, mounts,
 * processes and network namespaces.
 */
export function takeInventory(): readonly string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n");
  return [
    ...entries("/run/terrarium/sandboxes"),
    ...entries("/run/terrarium/terminals"),
    ...entries("/run/terrarium/reverts"),
    ...cgroupParents().flatMap(entries),
    ...mounts.map((line) => `mount ${line}`),
    ...processes(),
    ...new Set(processIds().flatMap((pid) => link(`/proc/${pid}/ns/net`) ?? [])),
  ].sort();
}

/** Waits until nothing is there that was not there before; what stays is named by the failed assertion. */
export async function assertNothingLeft(before: readonly string[]): Promise<void> {
  const known = new Set(before);
  let left: readonly string[] = [];
  const isGone = () => {
    left = takeInventory().filter((line) => !known.has(line));
    return left.length === 0;
  };
  await eventually("everything is gone", isGone).catch(() => undefined);
  assert.deepEqual(left, []);
}

function entries(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || !directory.startsWith("/sys"))
    .map(({ name }) => join(directory, name));
}

/** Ours in every hierarchy; the parent itself goes with the last sandbox and is nobody's concern. */
function cgroupParents(): string[] {
  return (readMountinfo("self") ?? [])
    .filter(({ fileSystem }) => fileSystem.startsWith("cgroup"))
    .flatMap(({ mountPoint }) => ["terrarium", sliceName].map((name) => join(mountPoint, name)));
}

/**
 * The launcher runs from its file, a test's copy of that, or a sealed copy in memory: /memfd:launcher.
 * Another Terrarium on this machine is nobody's leftover.
 */
const ownLaunchers = [`${checkout}/`, join(tmpdir(), "terrarium-"), "/memfd:launcher"];

function processes(): string[] {
  return processIds().flatMap((pid) => {
    const executable = link(`/proc/${pid}/exe`);
    const isOurs = ownLaunchers.some((start) => executable?.startsWith(start));
    return isOurs && executable?.includes("launcher") ? [`process ${pid} ${executable}`] : [];
  });
}

function processIds(): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

/** Undefined for what has ended: a zombie has no executable and no namespaces. */
function link(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
