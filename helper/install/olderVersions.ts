import { printable } from "../protocol/printable.ts";
import { alone } from "./lock.ts";
import { installedVersions, removeVersion, usersOf } from "./versions.ts";

/**
 * Root's service removes what an upgrade had to leave, because something ran of it. Later versions are somebody's who
 * is at it just now. What cannot be removed is no reason not to serve: the next start tries again.
 */
export function removeOlderVersions(own: string): void {
  if (!installedVersions().some((version) => isOlder(version, own))) return;
  try {
    alone(() => {
      const older = installedVersions().filter((version) => isOlder(version, own));
      for (const version of older) if (usersOf(version).length === 0) removeVersion(version);
    });
  } catch (error) {
    process.stderr.write(`terrarium: an older version stays: ${printable(String(error))}\n`);
  }
}

/** By the three numbers of semver; of two that differ in what follows them neither is. */
export function isOlder(version: string, than: string): boolean {
  const [one = [], other = []] = [version, than].map((text) =>
    text.split("-", 1)[0]?.split(".").map(Number),
  );
  const place = one.findIndex((number, index) => number !== other[index]);
  return place >= 0 && (one[place] ?? 0) < (other[place] ?? 0);
}
