import { readdirSync, readFileSync } from "node:fs";
import * as vscode from "vscode";

/** What the suites in the extension host share: the extension, and its helper as the kernel sees it. */

export function extension(): vscode.Extension<unknown> {
  const found = vscode.extensions.getExtension("terrarium.terrarium");
  if (found === undefined) throw new Error("the extension host does not know Terrarium");
  return found;
}

/** Pids of the helpers that this extension host started. */
export function helperProcesses(): number[] {
  return childrenOf(process.pid).filter((pid) => commandLine(pid).includes("helper"));
}

/**
 * Polls until the probe gives something other than undefined. The suite's own timeout ends it.
 *
 * @param what for the reader of a test that waits for ever
 */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const value = await probe();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited in vain for ${what}`);
}

/** Children of a process, all of its threads taken together (proc_tid_children(5)). */
function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    words(`/proc/${pid}/task/${thread}/children`, " ").map(Number),
  );
}

function commandLine(pid: number): string[] {
  return words(`/proc/${pid}/cmdline`, "\0");
}

function words(path: string, separator: string): string[] {
  try {
    return readFileSync(path, "utf8")
      .split(separator)
      .filter((word) => word !== "");
  } catch {
    return [];
  }
}
