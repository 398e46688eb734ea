import { type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import * as z from "zod/mini";
import { installedFile } from "../installation.ts";
import type { Known } from "../kernel/known.ts";
import { receiveDescriptor, socketPair } from "../kernel/libc.ts";

/** The loader's status event, as of the launcher. */
const failure = z.object({
  event: z.literal("error"),
  call: z.string(),
  path: z.string(),
  errno: z.string(),
  hint: z.string(),
});

/**
 * Has the task iterator loaded (native/inventory/loader.c), and answers the descriptor of its link, which the
 * caller closes; else what was tried, what the kernel answered and what it takes. The program is pinned
 * nowhere: nothing is left of it when this process ends, however it ends. The loader needs 50 to 100 ms to
 * read the kernel's types and have the program checked.
 */
export async function loadIterator(): Promise<Known<number>> {
  try {
    return await throughSocket();
  } catch (error) {
    return { known: false, why: error instanceof Error ? error.message : `${error}` };
  }
}

async function throughSocket(): Promise<Known<number>> {
  const [ours, theirs] = socketPair();
  try {
    const why = await runLoader(theirs);
    if (why !== undefined) return { known: false, why };
    const link = receiveDescriptor(ours);
    return link === undefined
      ? { known: false, why: "the loader handed nothing over" }
      : { known: true, value: link };
  } finally {
    closeSync(ours);
    closeSync(theirs);
  }
}

/** Undefined when it has done its work. */
async function runLoader(socket: number): Promise<string | undefined> {
  const path = installedFile("native/task-iterator");
  if (!existsSync(path)) return "this build has no loader: it was made without clang or libbpf";
  const stdio: StdioOptions = ["ignore", "pipe", "ignore", socket];
  const loader = spawn(path, { cwd: "/", env: {}, stdio });
  const output = loader.stdout ? text(loader.stdout) : "";
  const [[code], words] = await Promise.all([once(loader, "exit"), output]);
  return code === 0 ? undefined : wordsOf(words);
}

function wordsOf(output: string): string {
  const { call, path, errno, hint } = failure.safeParse(parse(output)).data ?? silence;
  return `${[call, path].filter(Boolean).join(" ")}: ${errno}${hint && `; ${hint}`}`;
}

const silence = { call: "the loader", path: "", errno: "ended without a word", hint: "" };

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
