import { eventFacts } from "../../helper/protocol/events.ts";
import type { SandboxDetails, SandboxSummary } from "../../helper/protocol/inventory.ts";
import type { Alert } from "../events/alerts.ts";
import { limitsRow } from "./limitRows.ts";
import { mountsRow } from "./mountRows.ts";
import { processRows } from "./processRows.ts";
import type { Card, Row, RowIcon } from "./row.ts";
import { shareRows } from "./shareRows.ts";
import { countOf, facts, isAlive, memoryWords, stateWords } from "./words.ts";

const icons: Readonly<Record<SandboxSummary["state"], RowIcon>> = {
  created: { codicon: "vm-outline" },
  creating: { codicon: "vm-outline" },
  running: { codicon: "vm-running", color: "charts.green" },
  paused: { codicon: "debug-pause", color: "charts.yellow" },
  exited: { codicon: "vm-outline", color: "disabledForeground" },
};

/** The rows of the first view: one for each sandbox, those that run first. */
export function sandboxRows(
  sandboxes: readonly SandboxSummary[],
  details: ReadonlyMap<string, SandboxDetails>,
  alertOf: (id: string) => Alert | undefined = () => undefined,
): readonly Row[] {
  const order = ["running", "paused", "creating", "created", "exited"];
  return [...sandboxes]
    .sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.name.localeCompare(b.name))
    .map((sandbox) => sandboxRow(sandbox, details.get(sandbox.id), alertOf(sandbox.id)));
}

function sandboxRow(
  sandbox: SandboxSummary,
  details: SandboxDetails | undefined,
  alert: Alert | undefined,
): Row {
  const id = `sandbox/${sandbox.id}`;
  const running = isAlive(sandbox);
  const what = facts(
    stateWords(sandbox),
    running ? memoryWords(sandbox) : undefined,
    running ? countOf(sandbox.processes.length, "process") : undefined,
  );
  return {
    id,
    label: sandbox.name,
    description: facts("terrarium", what),
    icon: icons[sandbox.state],
    tokens: ["sandbox", sandbox.state, ...(alert?.isNew ? (["alert"] as const) : [])],
    subject: { kind: "sandbox", sandbox },
    spoken: `Sandbox ${sandbox.name}, ${what.replaceAll(" · ", ", ")}${spokenAlert(alert)}`,
    alerts: sandbox.id,
    card: () => sandboxCard(sandbox, details, alert),
    ...(running && { children: () => sandboxParts(id, sandbox, details) }),
  };
}

/** What sighted people get from the mark. */
function spokenAlert(alert: Alert | undefined): string {
  return alert?.isNew ? `, ${eventFacts[alert.kind].label}` : "";
}

function alertFacts(alert: Alert | undefined): Card["facts"] {
  if (!alert) return [];
  const { label } = eventFacts[alert.kind];
  return [[label.toLowerCase(), `${new Date(alert.atMs).toLocaleTimeString()}: ${alert.words}`]];
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

/** On v1 a sandbox has a directory in a dozen hierarchies: one path stands for all, the names follow. */
function cgroupFacts(cgroups: SandboxDetails["cgroups"]): Card["facts"] {
  const [first, ...others] = Object.entries(cgroups);
  if (!first) return [];
  const [hierarchy, path] = first;
  const names = others.map(([name]) => name).join(", ");
  return [
    [`cgroup (${hierarchy})`, path],
    ...(names === "" ? [] : [["and likewise in", names] as const]),
  ];
}

function sandboxParts(
  id: string,
  sandbox: SandboxSummary,
  details: SandboxDetails | undefined,
): readonly Row[] {
  return [
    processesRow(id, sandbox),
    ...(details ? shareRows(id, sandbox, details.namespaces) : []),
    limitsRow(id, sandbox),
    ...(details ? [mountsRow(id, details)] : []),
  ];
}

function processesRow(parentId: string, { processes }: SandboxSummary): Row {
  const id = `${parentId}/processes`;
  const count = countOf(processes.length, "process");
  return {
    id,
    label: "Processes",
    description: `${processes.length}`,
    icon: { codicon: "server-process" },
    tokens: ["group"],
    subject: { kind: "group" },
    spoken: count,
    card: () => ({
      title: "Processes",
      lesson:
        "Left the number inside the sandbox, right the number of the same process on the host.",
      facts: [],
    }),
    startsOpen: true,
    children: () => processRows(id, processes),
  };
}
