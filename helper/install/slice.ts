import { existsSync } from "node:fs";
import { join } from "node:path";
import { cgroupDirectory, readCgroupMounts } from "../kernel/cgroupfs.ts";
import { processesBelow } from "../limits/kill.ts";
import { systemdRoot } from "../systemd/booted.ts";
import { stopUnit } from "../systemd/manager.ts";
import { sliceName } from "../systemd/units.ts";

/** Systemd keeps the slice that sandboxes of root were in; one that holds a process goes on with that. */
export function stopEmptySlice(): void {
  const above = systemdRoot();
  if (above === undefined) return;
  const directories = readCgroupMounts().hierarchies.flatMap(
    (mount) => cgroupDirectory(mount, join(above, sliceName)) ?? [],
  );
  const there = directories.filter(existsSync);
  if (there.length > 0 && there.every((directory) => processesBelow(directory).length === 0)) {
    stopUnit(sliceName);
  }
}
