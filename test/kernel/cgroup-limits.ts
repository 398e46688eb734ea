import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { childCgroups, readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import type { LimitName } from "../../helper/protocol/limits.ts";
import type { LimitRowReport, LimitsReport } from "../../helper/protocol/limitsReport.ts";
import { type Cleanup, json } from "./cli.ts";

export function limitsOf(target: string | number): Promise<LimitsReport> {
  return json(["limits", `${target}`]);
}

export function row({ rows }: Pick<LimitsReport, "rows">, limit: LimitName): LimitRowReport {
  const found = rows.find((candidate) => candidate.limit === limit);
  assert.ok(found, limit);
  return found;
}

/** The same new cgroup in the hierarchies of these controllers; it is removed with the test. */
export function makeCgroup(t: Cleanup, path: string, ...controllers: readonly string[]) {
  const { hierarchies } = readCgroupMounts();
  const directories = hierarchies
    .filter((hierarchy) => hierarchy.controllers.some((one) => controllers.includes(one)))
    .map(({ mountPoint }) => join(mountPoint, path));
  for (const directory of directories) {
    passOn(dirname(directory), controllers);
    mkdirSync(directory);
    t.after(() => removeWithChildren(directory));
  }
  const holders = (file: string) => directories.filter((one) => existsSync(join(one, file)));
  return {
    directories,
    has: (file: string) => holders(file).length > 0,
    write: (file: string, text: string) => {
      for (const directory of holders(file)) writeFileSync(join(directory, file), text);
    },
    read: (file: string) => readFileSync(join(holders(file)[0] ?? "", file), "utf8").trim(),
    remake: () => {
      for (const directory of directories) {
        rmdirSync(directory);
        mkdirSync(directory);
      }
    },
  };
}

/** Version 2 has a file for that; each controller by itself, for a machine may lack one (cgroups(7)). */
export function passOn(directory: string, controllers: readonly string[]): void {
  const control = join(directory, "cgroup.subtree_control");
  if (!existsSync(control)) return;
  const offered = readFileSync(join(directory, "cgroup.controllers"), "utf8").trim().split(" ");
  for (const one of controllers.filter((one) => offered.includes(one))) {
    writeFileSync(control, `+${one}`);
  }
}

/** Hooks run in the order in which they were given, so the outer one comes first. */
function removeWithChildren(directory: string): void {
  for (const child of childCgroups(directory)) removeWithChildren(join(directory, child));
  if (existsSync(directory)) rmdirSync(directory);
}
