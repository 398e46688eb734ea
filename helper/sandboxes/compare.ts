import { readSysctls, type SettingNamespace, settingNamespaces } from "../enter/sysctls.ts";
import { compareFacts } from "../inspect/compare/compare.ts";
import type { FactTable } from "../inspect/compare/facts.ts";
import { gatherProcessFacts } from "../inspect/compare/gather.ts";
import { checkSameProcess, parseProcessTarget } from "../inspect/sameProcess.ts";
import { processFact } from "../inventory/processes.ts";
import { type Known, tryToKnow } from "../kernel/known.ts";
import { namespaceLinks } from "../kernel/procfs.ts";
import type { ComparedProcess, Comparison } from "../protocol/comparison.ts";
import { fromWireError, TerrariumError } from "../protocol/errors.ts";
import type { ProcessFact } from "../protocol/inventory.ts";
import { formatLimit, limitFacts } from "../protocol/limits.ts";
import type { LimitRowReport } from "../protocol/limitsReport.ts";
import type { NamespaceType } from "../protocol/namespaces.ts";
import { mainProcess } from "../protocol/processes.ts";
import type { ParameterOutput } from "../protocol/schemas.ts";
import type { SandboxHost } from "./host.ts";
import { readTargetLimits } from "./limits.ts";
import { namesByNamespace } from "./list.ts";
import { readMembers } from "./members.ts";
import { sandboxOfFiles } from "./ofFiles.ts";
import { isRunning, reconcile } from "./reconcile.ts";
import { findRecord } from "./registry.ts";

type Inodes = Readonly<Partial<Record<NamespaceType, number>>>;

/**
 * Two processes, or the commands of two sandboxes, thing by thing. What the kernel does not show to the asker is
 * said to be not known. Throws noSuchProcess, noSuchSandbox, sandboxNotRunning.
 */
export async function compareProcesses(
  host: SandboxHost,
  { left, right, secrets }: ParameterOutput<"process/compare">,
): Promise<Comparison> {
  await host.registry.exclusively(() => reconcile(host));
  const processes = [processOf(host, left), processOf(host, right)] as const;
  const differing = differingTypes(processes.map(({ pid }) => inodesOf(pid)));
  const [a, b] = await Promise.all(processes.map((process) => factsOf(host, process, differing)));
  processes.forEach(checkSameProcess);
  if (!a || !b) throw new TerrariumError("noSuchProcess", { pid: processes[0].pid });
  return {
    left: described(host, processes[0]),
    right: described(host, processes[1]),
    groups: compareFacts(a, b, { secrets }),
  };
}

/** A process by its number, or a sandbox's command: PID 1 is our own init, which has other privileges. */
function processOf({ registry }: SandboxHost, target: string): ProcessFact {
  const asked = parseProcessTarget(target);
  if (asked) {
    const fact = processFact(asked.pid);
    if (!fact) throw new TerrariumError("noSuchProcess", { pid: asked.pid });
    checkSameProcess(asked);
    return fact;
  }
  const record = findRecord(registry.records(), target);
  const main = mainProcess(readMembers([record]).get(record.id) ?? []);
  if (!main || !isRunning(record)) throw new TerrariumError("sandboxNotRunning", { target });
  return main;
}

function described(host: SandboxHost, process: ProcessFact): ComparedProcess {
  const inodes = inodesOf(process.pid);
  const names = namesByNamespace(host);
  return { process, sandbox: names.get(inodes.pid ?? 0) ?? names.get(inodes.mnt ?? 0) };
}

function inodesOf(pid: number): Inodes {
  const links = namespaceLinks(pid);
  return typeof links === "object" ? links : {};
}

/** Settings of a namespace that both are in are the same: nobody has to look. */
function differingTypes([left, right]: readonly Inodes[]): readonly SettingNamespace[] {
  return settingNamespaces.filter((type) => left?.[type] !== right?.[type]);
}

async function factsOf(
  host: SandboxHost,
  process: ProcessFact,
  types: readonly SettingNamespace[],
) {
  return {
    ...gatherProcessFacts(process.pid),
    limits: limitsOf(host, process),
    sysctls: await sysctlsOf(host, process, types),
  };
}

function limitsOf(host: SandboxHost, { pid, startTimeTicks }: ProcessFact): Known<FactTable> {
  return tryToKnow(() => {
    const { rows } = readTargetLimits(host, `${pid}@${startTimeTicks}`);
    return new Map(rows.flatMap((row) => limitWords(row) ?? []));
  });
}

/** What holds it, with all that is above; what is not there cannot be compared. */
function limitWords(row: LimitRowReport): (readonly [string, string])[] | undefined {
  const { limit, unavailable, effective, value } = row;
  if (unavailable !== undefined) return undefined;
  return [[limitFacts[limit].label, formatLimit(limit, effective?.value ?? value)]];
}

async function sysctlsOf(
  host: SandboxHost,
  process: ProcessFact,
  types: readonly SettingNamespace[],
): Promise<Known<FactTable>> {
  if (types.length === 0) return { known: true, value: new Map() };
  const visitor = {
    ...host.asker,
    socket: host.registry.terminalSocket(),
    landlock: sandboxOfFiles(host.registry.records(), process.pid)?.spec.landlock,
  };
  try {
    const value = await readSysctls(visitor, process, inodesOf(process.pid), types);
    return { known: true, value };
  } catch (error) {
    return { known: false, why: fromWireError(error).message };
  }
}
