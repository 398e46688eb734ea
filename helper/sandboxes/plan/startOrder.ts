import { TerrariumError } from "../../protocol/errors.ts";
import type { SandboxSpec, Stdio } from "../../protocol/schemas.ts";

type SupervisedProcess = NonNullable<SandboxSpec["processes"]>[number];

/** Refuses what a sandbox of several processes cannot have; throws invalidRequest. */
export function checkProcesses({ args, init, processes }: SandboxSpec, stdio: Stdio): void {
  if (!processes) return;
  if (args) throw refused("Give either a command or processes, not both.");
  if (!init) throw refused("Several processes need our init as PID 1: leave out --no-init.");
  if (stdio === "tty") {
    throw refused(
      "Several processes cannot share one terminal: run them without -t, then use terrarium exec.",
    );
  }
  startOrder(processes);
}

/**
 * The order in which processes start: as they are listed, but each behind those that its `after` names.
 * Throws invalidRequest for a name that is taken, unknown, or waits for itself.
 */
export function startOrder(processes: readonly SupervisedProcess[]): readonly SupervisedProcess[] {
  checkNames(processes);
  const ordered: SupervisedProcess[] = [];
  const placed = new Set<string>();
  while (ordered.length < processes.length) {
    const next = processes.find(
      ({ name, after }) => !placed.has(name) && after.every((other) => placed.has(other)),
    );
    if (!next) throw waitingInCircle(processes.filter(({ name }) => !placed.has(name)));
    placed.add(next.name);
    ordered.push(next);
  }
  return ordered;
}

/** The launcher's options: one --process for each, in their order, and its command word by word. */
export function processOptions(processes: readonly SupervisedProcess[]): readonly string[] {
  return startOrder(processes).flatMap(({ name, restart, args }) => [
    ...["--process", name, restart],
    ...args.flatMap((word) => ["--word", word]),
  ]);
}

function checkNames(processes: readonly SupervisedProcess[]): void {
  const names = new Set<string>();
  for (const { name } of processes) {
    if (names.has(name)) throw refused(`Two processes are named "${name}".`);
    names.add(name);
  }
  for (const { name, after } of processes) {
    const unknown = after.find((other) => !names.has(other));
    if (unknown === undefined) continue;
    throw refused(`Process "${name}" is to start after "${unknown}", which is not in the list.`);
  }
}

function waitingInCircle(left: readonly SupervisedProcess[]): TerrariumError {
  const names = left.map(({ name }) => `"${name}"`).join(", ");
  return refused(`Among the processes ${names} each waits for another: none can be the first.`);
}

function refused(reason: string): TerrariumError {
  return new TerrariumError("invalidRequest", { reason });
}
