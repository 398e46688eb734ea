import { readdirSync, readlinkSync } from "node:fs";
import { parseNamespaceName } from "../../kernel/proctext.ts";
import { processKey } from "../processKey.ts";
import type { Task } from "../tasks.ts";
import { inSlices } from "../turns.ts";
import type { Holding } from "./holdings.ts";
import { unlessHidden } from "./unlessHidden.ts";

/** Whoever may start threads may start very many. */
const mostThreads = 10_000;

/**
 * The namespaces that the next children of a thread will be in, where it is in another itself: unshare(2) and
 * setns(2) of these two types move children only.
 */
const types = ["pid", "time"] as const;

export async function readForChildren(tasks: readonly Task[]): Promise<readonly Holding[]> {
  const holdings: Holding[] = [];
  let threadsLeft = mostThreads;
  await inSlices(tasks, (task) => {
    if (task.kernelThread || task.zombie) return;
    const threadIds = unlessHidden(() => readdirSync(`/proc/${task.pid}/task`)) ?? [];
    for (const threadId of threadIds.slice(0, 1 + threadsLeft)) {
      holdings.push(...forChildrenOf(task, Number(threadId)));
    }
    threadsLeft -= Math.min(threadsLeft, Math.max(0, threadIds.length - 1));
  });
  return holdings;
}

function forChildrenOf(task: Task, threadId: number): readonly Holding[] {
  return types.flatMap((type) => {
    const path = `/proc/${task.pid}/task/${threadId}/ns/${type}_for_children`;
    // ENOENT: a pid namespace without a first process is none yet.
    const namespace = parseNamespaceName(unlessHidden(() => readlinkSync(path)) ?? "");
    if (!namespace || namespace.inode === task.namespaces[type]) return [];
    return [
      {
        ...namespace,
        keeper: { kind: "children", pid: task.pid, threadId },
        file: { kind: "link", path, through: `${processKey(task)}/${threadId}` },
      },
    ];
  });
}
