import { isolationOf } from "../inspect/isolation/report.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { IsolationReport } from "../protocol/isolation.ts";
import { mainProcess } from "../protocol/processes.ts";
import type { SandboxHost } from "./host.ts";
import { readMembers } from "./members.ts";
import { sandboxOfFiles } from "./ofFiles.ts";
import { isRunning, reconcile } from "./reconcile.ts";
import { findRecord } from "./registry.ts";

/** Of the sandbox's command: PID 1 is our own init, which has other privileges. Throws sandboxNotRunning. */
export async function isolationOfSandbox(
  host: SandboxHost,
  target: string,
): Promise<IsolationReport> {
  await host.registry.exclusively(() => reconcile(host));
  const record = findRecord(host.registry.records(), target);
  const main = mainProcess(readMembers([record]).get(record.id) ?? []);
  if (!main || !isRunning(record)) throw new TerrariumError("sandboxNotRunning", { target });
  return isolationOf(main.pid, { sandbox: record.name, asked: record.spec });
}

/** Of any process; where it sees the files of a sandbox of ours, that sandbox's spec is known. */
export function isolationOfProcess({ registry }: SandboxHost, pid: number): IsolationReport {
  const ours = sandboxOfFiles(registry.records(), pid);
  return isolationOf(pid, { sandbox: ours?.name, asked: ours?.spec });
}
