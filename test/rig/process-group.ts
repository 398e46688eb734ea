import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const patienceMs = 5_000;
const pollMs = 50;

/**
 * Ends every process of a group: SIGTERM, and SIGKILL for what is left after five seconds. The group,
 * because a VS Code server that is killed alone leaves its file watcher and agent host behind.
 *
 * @param leader pid of the group's leader, which was started with `detached: true`
 */
export async function endProcessGroup(leader: number): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (!hasLiveMember(leader)) return;
    signalGroup(leader, signal);
    await waitUntilEmpty(leader);
  }
}

async function waitUntilEmpty(leader: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < patienceMs && hasLiveMember(leader); waitedMs += pollMs) {
    await sleep(pollMs);
  }
}

/** Zombies do not count: kill(2) would still find them, and init may take seconds to reap them. */
function hasLiveMember(group: number): boolean {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      const [state, , processGroup] = statAfterCommand(pid);
      return Number(processGroup) === group && state !== "Z" && state !== "X";
    });
}

/** Fields 3 and on of /proc/PID/stat: state, parent, process group (proc_pid_stat(5)). */
function statAfterCommand(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // ESRCH: the last member ended in the meantime.
  }
}
