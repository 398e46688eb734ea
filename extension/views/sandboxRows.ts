import { tableKeys } from "../../helper/protocol/hostTables.ts";
import type { SandboxDetails, SandboxSummary } from "../../helper/protocol/inventory.ts";
import { containerOfSandbox } from "../../helper/protocol/tableIndexes.ts";
import { countOf, facts } from "../../helper/protocol/words.ts";
import type { Alert } from "../events/alerts.ts";
import { alertFacts, spokenAlert } from "./alertWords.ts";
import { type ContainerFacts, cgroupFacts, nestedContainers } from "./containerRows.ts";
import { runningWords } from "./containerWords.ts";
import { limitsRow } from "./limitRows.ts";
import { accessOf, mountsRow } from "./mountRows.ts";
import { processesRow } from "./processRows.ts";
import type { Card, Row, RowIcon } from "./row.ts";
import { shareRows } from "./shareRows.ts";
import { isAlive, memoryWords, spokenFacts, stateWords } from "./words.ts";

const icons: Readonly<Record<SandboxSummary["state"], RowIcon>> = {
  created: { codicon: "vm-outline" },
  creating: { codicon: "vm-outline" },
  running: { codicon: "vm-running", color: "charts.green" },
  paused: { codicon: "debug-pause", color: "charts.yellow" },
  exited: { codicon: "vm-outline", color: "disabledForeground" },
};

/** What the rows of sandboxes are made of. */
export interface SandboxFacts extends ContainerFacts {
  /** By sandbox id. */
  readonly details: ReadonlyMap<string, SandboxDetails>;
}

/** A sandbox of ours, and the containers inside it below it. */
export function sandboxRow(
  sandbox: SandboxSummary,
  parentId: string | undefined,
  from: SandboxFacts,
): Row {
  const own = `sandbox/${sandbox.id}`;
  const id = parentId === undefined ? own : `${parentId}/${own}`;
  const running = isAlive(sandbox);
  const alert = from.alertOf(sandbox.id);
  const found = containerOfSandbox(sandbox, from.tables);
  const what = facts(
    // When its first process started; its record knows only when it was written down.
    runningWords(stateWords(sandbox), found?.startedAtMs, from.nowMs),
    running ? memoryWords(sandbox) : undefined,
    running ? countOf(sandbox.processes.length, "process") : undefined,
  );
  return {
    id,
    label: sandbox.name,
    description: facts("terrarium", what),
    icon: icons[sandbox.state],
    tokens: [
      ...(["sandbox", sandbox.state] as const),
      ...(alert?.isNew ? (["alert"] as const) : []),
      ...(found && from.hasReturned(found) ? (["returned"] as const) : []),
    ],
    subject: { kind: "sandbox", sandbox },
    spoken: `Sandbox ${sandbox.name}, ${spokenFacts(what)}${spokenAlert(alert)}`,
    ...(alert?.isNew && { alerts: sandbox.id }),
    isFrozen: sandbox.state === "paused",
    alsoFound: `${sandbox.id} ${sandbox.pid ?? ""} ${sandbox.command}`,
    card: () => sandboxCard(sandbox, from.details.get(sandbox.id), alert),
    ...(running && { children: () => sandboxParts(id, sandbox, from) }),
  };
}

function sandboxCard(
  sandbox: SandboxSummary,
  details: SandboxDetails | undefined,
  alert: Alert | undefined,
): Card {
  return {
    title: `${sandbox.name}, a sandbox`,
    lesson:
      "Ordinary processes, to which the kernel was asked to show another view of the machine.",
    facts: [
      ...alertFacts(alert),
      ["state", stateWords(sandbox)],
      ["id", sandbox.id],
      ["host name inside", sandbox.hostname],
      ["command", sandbox.command],
      ["PID 1 on the host", sandbox.pid === undefined ? "none" : `${sandbox.pid}`],
      ["memory", memoryWords(sandbox) ?? "not counted"],
      ["owner", `user id ${sandbox.owner}`],
      ["started", new Date(sandbox.createdAtMs).toLocaleString()],
      ...cgroupFacts(details?.cgroups ?? {}),
    ],
  };
}

function sandboxParts(id: string, sandbox: SandboxSummary, from: SandboxFacts): readonly Row[] {
  const { processes, pid, name } = sandbox;
  const details = from.details.get(sandbox.id);
  const found = containerOfSandbox(sandbox, from.tables);
  const main = processes.find((process) => process.pid === pid) ?? processes[0];
  const shares = details?.namespaces ?? [];
  return [
    processesRow(id, processes),
    ...shareRows(id, shares, { name, processes: processes.length, main }),
    limitsRow(id, sandbox.limits),
    ...(details ? [mountsRow(id, details, (mount) => accessOf(mount, details))] : []),
    ...(found ? nestedContainers(tableKeys.containers(found), id, from) : []),
  ];
}
