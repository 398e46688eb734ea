import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { versionDirectory, versionsDirectory } from "./places.ts";
import { removeAsides, removeWhole, wholeNamesIn } from "./writeAside.ts";

/** semver's, so that no version leads to another directory. */
const versionPattern = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

export function isVersion(text: string): boolean {
  return versionPattern.test(text);
}

export function installedVersions(): readonly string[] {
  return wholeNamesIn(versionsDirectory).filter(isVersion);
}

/** Processes that run a program of a version: helpers, and monitors of sandboxes that go on without one. */
export function usersOf(version: string): readonly number[] {
  const directory = `${versionDirectory(version)}/`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => programOf(pid)?.startsWith(directory))
    .map(Number);
}

function programOf(pid: string): string | undefined {
  try {
    return readlinkSync(join("/proc", pid, "exe"));
  } catch {
    return undefined;
  }
}

export function removeVersion(version: string): void {
  removeWhole(versionDirectory(version));
}

/** What runs of this command left that were interrupted. */
export function removeUnfinished(): void {
  removeAsides(versionsDirectory, isVersion);
}
