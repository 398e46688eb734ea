import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { LogOutputChannel } from "vscode";
import { printable } from "../../helper/protocol/printable.ts";

export type HelperProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * What the helper needs of the editor's environment: where commands and the user's own directories
 * are. Tokens, agents and sockets of the editor stay out of it.
 */
const passedVariables = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "TMPDIR",
  "XDG_RUNTIME_DIR",
] as const;

/** V8 otherwise lets 16 MiB of what nobody needs gather before it looks; each look at 1 MiB takes a millisecond. */
const smallHeap = ["--max-semi-space-size=1"];

/** Starts `terrarium helper --stdio`; its words on stderr go to the log. The caller ends it. */
export function startHelperProcess(program: string, log: LogOutputChannel): HelperProcess {
  const child = spawn(process.execPath, [...smallHeap, program, "helper", "--stdio"], {
    cwd: "/",
    env: helperEnvironment(process.env),
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A helper that dies while we write to it: its end is reported by the close of its output.
  child.stdin.on("error", (error) => log.debug(`helper: stdin: ${error.message}`));
  child.on("error", (error) => log.error(`The helper could not be started: ${error.message}`));
  child.on("exit", (code, signal) =>
    log.info(`The helper ended (${signal ?? `exit code ${code}`}).`),
  );
  forwardLines(child.stderr, (line) => log.info(`helper: ${line}`));
  return child;
}

function helperEnvironment(from: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passed = passedVariables.flatMap((name) => {
    const value = from[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  // On a desktop process.execPath is Electron; with this variable it is a plain Node.
  return { ...Object.fromEntries(passed), ELECTRON_RUN_AS_NODE: "1" };
}

const longestLine = 4096;

function forwardLines(stream: Readable, take: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = (lines.pop() ?? "").slice(0, longestLine);
    for (const line of lines) take(printable(line.slice(0, longestLine)));
  });
  stream.on("end", () => {
    if (rest !== "") take(printable(rest));
  });
}
