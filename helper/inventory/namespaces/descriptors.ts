import { opendirSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { parseNamespaceName } from "../../kernel/proctext.ts";
import { processKey } from "../processKey.ts";
import type { Task } from "../tasks.ts";
import { inSlices } from "../turns.ts";
import type { Holding } from "./holdings.ts";
import { socketHoldings } from "./sockets.ts";
import { unlessHidden } from "./unlessHidden.ts";

/**
 * A process may have a million descriptors. The first are looked at: programs that hold namespaces (engines,
 * systemd, `ip netns`) have few, or opened theirs early.
 */
const mostOfProcess = 16_384;
const mostInAll = 1_048_576;

/**
 * Descriptors of namespaces. Only links are read, which asks nothing of the file behind: stat(2), as lsns has it,
 * waits for whoever serves that file (FUSE), for ever if nobody answers.
 */
export async function readDescriptors(tasks: readonly Task[], withSockets: boolean) {
  const holdings: Holding[] = [];
  let leftOut = 0;
  let remaining = mostInAll;
  await inSlices(tasks, (task) => {
    if (task.kernelThread || task.zombie) return;
    const socketOf = withSockets ? socketHoldings(task) : undefined;
    const { names, total } = unlessHidden(() => descriptorsOf(task.pid, remaining)) ?? none;
    leftOut += total - names.length;
    remaining -= names.length;
    for (const name of names) {
      const link = unlessHidden(() => readlinkSync(`/proc/${task.pid}/fd/${name}`));
      // Nearly every descriptor is something else: one look at its last letter tells.
      if (!link?.endsWith("]")) continue;
      const holding = holdingOf(task, name, link) ?? socketOf?.(Number(name), link);
      if (holding) holdings.push(holding);
    }
  });
  return { holdings, leftOut };
}

const none = { names: [], total: 0 };

function descriptorsOf(pid: number, remaining: number) {
  const directory = `/proc/${pid}/fd`;
  const most = Math.min(mostOfProcess, remaining);
  // How many are open, since Linux 6.2; 0 before.
  const total = statSync(directory).size;
  if (total > most) return { names: firstNames(directory, most), total };
  const names = readdirSync(directory);
  return { names: names.slice(0, most), total: names.length };
}

/** Without a list of all, which is as long as the process wants it to be. */
function firstNames(path: string, most: number): readonly string[] {
  const names: string[] = [];
  const directory = opendirSync(path, { bufferSize: 1024 });
  try {
    while (names.length < most) {
      const entry = directory.readSync();
      if (!entry) break;
      names.push(entry.name);
    }
    return names;
  } finally {
    directory.closeSync();
  }
}

function holdingOf(task: Task, name: string, link: string): Holding | undefined {
  const namespace = parseNamespaceName(link);
  return (
    namespace && {
      ...namespace,
      keeper: { kind: "descriptor", pid: task.pid, descriptor: Number(name) },
      file: {
        kind: "chosen",
        path: `/proc/${task.pid}/fd/${name}`,
        through: `${processKey(task)}/${name}`,
      },
    }
  );
}
