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
  if (!signalGroup(leader, "SIGTERM")) return;
  if (await groupIsGone(leader)) return;
  signalGroup(leader, "SIGKILL");
  await groupIsGone(leader);
}

async function groupIsGone(leader: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += pollMs) {
    if (!signalGroup(leader, 0)) return true;
    await sleep(pollMs);
  }
  return false;
}

/** False when the group has no member left (ESRCH of kill(2)). */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false;
  }
}
