import type { IsolationGroup, IsolationLine, IsolationReport } from "../../protocol/isolation.ts";
import { isolationGroups } from "../../protocol/isolation.ts";
import { printable } from "../../protocol/printable.ts";
import { capabilityChecks } from "./capabilities.ts";
import type { Check, IsolationFacts } from "./facts.ts";
import { fileChecks } from "./files.ts";
import { gatherFacts, type WhoseProcess } from "./gather.ts";
import { kernelChecks } from "./kernel.ts";
import { limitChecks } from "./limits.ts";
import { namespaceChecks } from "./namespaces.ts";
import { privilegeChecks } from "./privileges.ts";
import { socketChecks } from "./sockets.ts";

/** Every check, in the order of the report. */
export const isolationChecks: Readonly<Record<IsolationGroup, readonly Check[]>> = {
  namespaces: namespaceChecks,
  privileges: [...capabilityChecks, ...privilegeChecks],
  files: fileChecks,
  sockets: socketChecks,
  limits: limitChecks,
  kernel: kernelChecks,
};

/** What a process can still see and do. Throws noSuchProcess. */
export function isolationOf(pid: number, whose: WhoseProcess = {}): IsolationReport {
  return judge(gatherFacts(pid, whose));
}

/** The pure part. */
export function judge(facts: IsolationFacts): IsolationReport {
  const { process, sandbox } = facts;
  const lines = isolationGroups.flatMap((group) =>
    isolationChecks[group].map((check) => lineOf(group, check, facts)),
  );
  return { process, sandbox, lines };
}

/** Names of sockets, devices, mounts and processes are their makers' words. */
function lineOf(group: IsolationGroup, check: Check, facts: IsolationFacts): IsolationLine {
  const { level, fact, matters, remedy, source = check.source } = check.judge(facts);
  return {
    group,
    name: check.name,
    level,
    fact: printable(fact),
    source: printable(below(source, facts)),
    matters: matters === undefined ? undefined : printable(matters),
    remedy,
  };
}

function below(source: string, { process }: IsolationFacts): string {
  return source.startsWith("/") || source.includes(" ") ? source : `/proc/${process.pid}/${source}`;
}
