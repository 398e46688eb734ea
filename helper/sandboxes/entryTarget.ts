import { type AskedProcess, checkSameProcess } from "../inspect/sameProcess.ts";
import { readTables } from "../inventory/tables.ts";
import { readCgroupProcesses } from "../kernel/cgroupfs.ts";
import { readStat } from "../kernel/procfs.ts";
import { targetOfPath } from "../limits/target.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { tableKeys } from "../protocol/hostTables.ts";
import { mainProcess } from "../protocol/processes.ts";
import type { ParameterOutput } from "../protocol/schemas.ts";
import { containersOf } from "./containers.ts";
import type { SandboxHost } from "./host.ts";
import { readMembers } from "./members.ts";

/**
 * The process that is meant now. Who comes back to a container that was started anew, or to a cgroup, names it by what
 * stays the same, and never by a name that somebody else's may have by now.
 */
export async function processToEnter(
  host: SandboxHost,
  { pid, startTimeTicks, target }: ParameterOutput<"process/enter">,
): Promise<AskedProcess> {
  if (pid !== undefined && target === undefined) return { pid, startTimeTicks };
  if (pid !== undefined || target === undefined) {
    throw new TerrariumError("invalidRequest", { reason: "Give either a pid or a target." });
  }
  return target.startsWith("/") ? oldestIn(target) : topmostOf(host, target);
}

async function topmostOf(host: SandboxHost, key: string): Promise<AskedProcess> {
  const query = { tables: ["containers"], sockets: false } as const;
  const { containers = [] } = await readTables(query, containersOf(host));
  const found = containers.find((container) => tableKeys.containers(container) === key);
  if (!found) throw new TerrariumError("noSuchContainer", { key });
  const process = found.engine === "terrarium" ? (commandOf(host, found.id) ?? found) : found;
  checkSameProcess(process);
  return { pid: process.pid, startTimeTicks: process.startTimeTicks };
}

/** PID 1 of a sandbox is our own init, which has other privileges. */
function commandOf({ registry }: SandboxHost, id: string): AskedProcess | undefined {
  const record = registry.records().find((one) => one.id === id);
  return record && mainProcess(readMembers([record]).get(record.id) ?? []);
}

function oldestIn(path: string): AskedProcess {
  const directories = targetOfPath(path).cgroups.map(({ directory }) => directory);
  const stats = directories.flatMap(readCgroupProcesses).flatMap((pid) => readStat(pid) ?? []);
  const [oldest] = stats.sort((a, b) => a.startTimeTicks - b.startTimeTicks);
  if (!oldest) throw new TerrariumError("noSuchContainer", { key: path });
  return { pid: oldest.pid, startTimeTicks: oldest.startTimeTicks };
}
