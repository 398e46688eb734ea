import { opendirSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { isDenied, isGone } from "../../kernel/errors.ts";
import { parseNamespaceName } from "../../kernel/proctext.ts";
import type { Task } from "../tasks.ts";
import type { Holding } from "./holdings.ts";
import { inSlices } from "./slices.ts";

/**
 * A process may have a million descriptors. Those numbered lowest are looked at: programs that hold namespaces
 * (engines, `ip netns`, systemd) opened theirs early, or have few.
 */
const mostDescriptors = 16_384;
/** Of all processes together, in one reading. */
const mostInAll = 1_048_576;

/**
 * Descriptors of namespaces. Only links are read, which asks nothing of the file behind: stat(2), as lsns has it,
 * would wait for the file system of whoever serves one (FUSE), for ever if that does not answer.
 */
export async function readDescriptors(tasks: readonly Task[]) {
  const holdings: Holding[] = [];
  let leftOut = 0;
  let remaining = mostInAll;
  await inSlices(tasks, ({ pid, kernelThread, zombie }) => {
    if (kernelThread || zombie) return;
    const { names, total } = unlessHidden(() => descriptorsOf(pid, remaining)) ?? none;
    leftOut += total - names.length;
    remaining -= names.length;
    for (const name of names) {
      const holding = holdingOf(pid, name);
      if (holding) holdings.push(holding);
    }
  });
  return { holdings, leftOut };
}

const none = { names: [], total: 0 };

function descriptorsOf(pid: number, remaining: number) {
  const directory = `/proc/${pid}/fd`;
  const most = Math.min(mostDescriptors, remaining);
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
    for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
      if (names.length === most) break;
      names.push(entry.name);
    }
    return names;
  } finally {
    directory.closeSync();
  }
}

function holdingOf(pid: number, name: string): Holding | undefined {
  const path = `/proc/${pid}/fd/${name}`;
  const link = unlessHidden(() => readlinkSync(path));
  // Nearly every descriptor is something else: one look at the text tells.
  const namespace = link?.endsWith("]") ? parseNamespaceName(link) : undefined;
  return (
    namespace && {
      ...namespace,
      keeper: { kind: "descriptor", pid, descriptor: Number(name) },
      path,
    }
  );
}

/** Closed, ended or denied meanwhile: nothing to tell. */
function unlessHidden<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isGone(error) || isDenied(error)) return undefined;
    throw error;
  }
}
