import { release } from "node:os";
import { readCgroupMounts } from "../kernel/cgroupfs.ts";
import { errnoOf } from "../kernel/errors.ts";
import type { DoctorFinding, DoctorReport } from "../protocol/doctor.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import { version } from "../version.ts";
import { askingAgent } from "./askingAgent.ts";
import { cgroupMode } from "./cgroupMode.ts";
import type { Check } from "./check.ts";
import { elevation } from "./elevation.ts";
import { hiddenProcesses } from "./hiddenProcesses.ts";
import { limits } from "./limits.ts";
import { memoryLog } from "./memoryLog.ts";
import { moreIds } from "./moreIds.ts";
import { networkTools } from "./network.ts";
import { newPrivileges } from "./newPrivileges.ts";
import { ownFiles } from "./ownFiles.ts";
import { ownSandbox } from "./ownSandbox.ts";
import { processReader } from "./processReader.ts";
import { rootHelper } from "./rootHelper.ts";
import { surroundings } from "./surroundings.ts";
import { terminalInput } from "./terminalInput.ts";
import { userSandbox } from "./userSandbox.ts";
import { watches } from "./watches.ts";

/** Every check, in the order of the report. */
export const checks: readonly Check[] = [
  ownSandbox,
  userSandbox,
  moreIds,
  limits,
  cgroupMode,
  ownFiles,
  rootHelper,
  elevation,
  askingAgent,
  newPrivileges,
  surroundings,
  hiddenProcesses,
  processReader,
  ...networkTools,
  memoryLog,
  watches,
  terminalInput,
];

/** Looks at everything once more, one after the other: some make sandboxes. */
export async function examine(host: SandboxHost): Promise<DoctorReport> {
  const findings: DoctorFinding[] = [];
  for (const check of checks) findings.push(await examineOne(check, host));
  return {
    version: version(),
    kernel: release(),
    architecture: process.arch,
    as: host.asker.uid === 0 ? "root" : "an ordinary user",
    cgroupMode: readCgroupMounts().mode,
    findings,
  };
}

/** What could not be looked at is a finding: it is not taken for fine. */
async function examineOne({ name, examine }: Check, host: SandboxHost): Promise<DoctorFinding> {
  try {
    return { name, ...(await examine(host)) };
  } catch (error) {
    return { name, verdict: "unknown", tried: "reading what it takes", answer: errnoOf(error) };
  }
}
