import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { getSystemErrorName } from "node:util";
import { installedFile } from "../../installation.ts";

/** What the kernel tells by netlink and by POLLPRI. Node cannot wait for either: native/follow does. */
export interface KernelChanges {
  /** These are new, changed or gone. */
  onProcesses(pids: readonly number[]): void;
  /** Any may be: more was told than could be taken. From then on each change is told. */
  onAnyProcess(): void;
  /** Something was mounted or unmounted in the helper's own mount namespace. */
  onMounts(): void;
  /** Processes are not told of, or no longer: an errno's name, or what became of the program. */
  onSilence(why: string): void;
}

export interface Following {
  dispose(): void;
}

/** Starts a process of its own, which ends with its pipe, however that is closed. */
export function followKernel(changes: KernelChanges): Following {
  const child = spawn(installedFile("native/follow"), [], {
    cwd: "/",
    env: {},
    stdio: ["ignore", "pipe", "ignore"],
  });
  let isDisposed = false;
  const end = (why: string) => isDisposed || changes.onSilence(why);
  child.on("error", ({ message }) => end(message));
  child.on("exit", (code, signal) => end(`native/follow ended (${signal ?? code})`));
  readLines(child.stdout, (line) => isDisposed || take(line, changes));
  // Whoever watches keeps this process, by a connection; what is watched does not.
  child.unref();
  unref(child.stdout);
  return {
    dispose: () => {
      isDisposed = true;
      child.stdout.destroy();
    },
  };
}

/** A pipe of a child is a socket, as @types/node does not tell. */
function unref(stream: Readable & { unref?: () => void }): void {
  stream.unref?.();
}

/** native/follow/main.c says what its lines mean. */
function take(line: string, changes: KernelChanges): void {
  const [word, ...rest] = line.split(" ");
  if (word === "p") changes.onProcesses(rest.map(Number));
  else if (word === "*" || word === "processes") changes.onAnyProcess();
  else if (word === "m") changes.onMounts();
  else if (word === "no") changes.onSilence(getSystemErrorName(-Number(rest[1])));
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("latin1").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
}
