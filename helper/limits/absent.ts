import { dirname } from "node:path";
import { readCgroupFile, readControllers } from "../kernel/cgroupfs.ts";
import { linkController, noLink } from "./files/link.ts";
import { noProcess, processController } from "./processes.ts";
import { cgroupOf, fileIn, hierarchyOf } from "./read.ts";
import type { LimitRow } from "./table.ts";
import type { PlacedCgroup } from "./target.ts";

/** Why the cgroups of a target have no file for a limit. */
export function whyAbsent(row: LimitRow, cgroups: readonly PlacedCgroup[]): string {
  const { controller } = row;
  const cgroup = cgroupOf(row, cgroups);
  if (!cgroup) return whyNoCgroup(row);
  const { hierarchy, directory } = cgroup;
  const limitFile = fileIn(row, hierarchy);
  if ("reason" in limitFile) return limitFile.reason;
  if (cgroup.process) return "the process has ended";
  if (readCgroupFile(directory, "cgroup.procs") === undefined) return "the cgroup was removed";
  if (directory === hierarchy.mountPoint) return "the top of a hierarchy has no limits";
  // cgroup-v2.rst, "Controlling Controllers": a cgroup has the files of what its parent passes on.
  if (hierarchy.version === 2 && !readControllers(directory).includes(controller)) {
    return `${dirname(directory)}/cgroup.subtree_control does not pass ${controller} on`;
  }
  return `this kernel has no ${limitFile.name}`;
}

function whyNoCgroup(row: LimitRow): string {
  if (row.controller === linkController) return noLink;
  if (row.controller === processController) return noProcess;
  const mounted = hierarchyOf(row);
  return mounted
    ? `it has no cgroup of its own in ${mounted.mountPoint}`
    : `no ${row.controller} controller is mounted here`;
}
