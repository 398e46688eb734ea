import { memoryUsage, readLimits } from "../limits/cgroups.ts";
import type { ProcessFact, SandboxState, SandboxSummary } from "../protocol/inventory.ts";
import { isPaused } from "./pause.ts";
import { lives } from "./reconcile.ts";
import { type ExitRecord, endedByOom, type SandboxRecord } from "./record.ts";

interface Observed {
  readonly running: boolean;
  readonly exit: ExitRecord | undefined;
  readonly processes: readonly ProcessFact[];
}

/** A record and what the kernel says of it now, as clients see it. */
export function summarise(
  record: SandboxRecord,
  { running, exit, processes }: Observed,
): SandboxSummary {
  return {
    id: record.id,
    name: record.name,
    state: stateOf(record, running),
    tty: record.tty,
    hostname: record.hostname,
    command: commandOf(record),
    createdAtMs: record.createdAtMs,
    pid: running ? record.init?.pid : undefined,
    exitCode: exit?.code,
    exitSignal: exit?.signal ?? undefined,
    oomKilled: exit && endedByOom(exit),
    processes: processes,
    memoryBytes: running ? memoryUsage(record.id) : undefined,
    limits: running ? readLimits(record.id) : [],
    owner: record.owner,
  };
}

/** The command, or the names of several. */
function commandOf({ command, spec }: SandboxRecord): string {
  return spec.processes?.map(({ name }) => name).join(", ") ?? command.join(" ");
}

function stateOf(record: SandboxRecord, running: boolean): SandboxState {
  if (!record.init) return lives(record.creator) ? "creating" : "created";
  if (!running) return "exited";
  return isPaused(record) ? "paused" : "running";
}
