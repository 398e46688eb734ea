import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { LogOutputChannel } from "vscode";
import { printable } from "../../helper/protocol/printable.ts";
import type { Carrier } from "./carrier.ts";
import { pkexecObstacle } from "./pkexecAnswer.ts";

type HelperProcess = ChildProcessByStdio<Writable, Readable, Readable>;

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

/** pkexec(1) makes an environment of its own, and refuses a SHELL that is not in /etc/shells. */
const pkexecVariables = ["PATH", "LANG", "DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_ID"] as const;

/**
 * V8 otherwise lets 16 MiB of what nobody needs gather before it looks, each look at 1 MiB takes a millisecond, and
 * lets the rest grow to twice of what is needed: with 5,000 processes 20 MB more, for a fifth of what a change costs.
 */
const smallHeap = ["--max-semi-space-size=1", "--heap-growing-percent=15"];

/** Starts `terrarium helper --stdio` with the editor's rights. The caller ends it. */
export function startOwnHelper(program: string, log: LogOutputChannel): Carrier {
  const command = [process.execPath, ...smallHeap, program, "helper", "--stdio"];
  // On a desktop process.execPath is Electron; with this variable it is a plain Node.
  const env = { ...environmentOf(passedVariables), ELECTRON_RUN_AS_NODE: "1" };
  const child = startProcess(command, env, log);
  return {
    ...carrierOf(child),
    // Closing its input is what tells any helper to go; the signal is for one that does not listen.
    end: () => {
      child.stdin.end();
      child.kill("SIGTERM");
    },
    obstacle: async () => undefined,
  };
}

/** pkexec(1): root's own copy, after its person was asked. It takes no signal from us. */
export function startByPkexec(program: string, log: LogOutputChannel): Carrier {
  const command = ["/usr/bin/pkexec", "--disable-internal-agent", program, "--stdio"];
  let words = "";
  const child = startProcess(command, environmentOf(pkexecVariables), log);
  child.stderr.on("data", (text: string) => {
    words = (words + text).slice(-longestLine);
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  return {
    ...carrierOf(child),
    end: () => child.stdin.end(),
    obstacle: async () => {
      await ended;
      return pkexecObstacle(child.exitCode, words);
    },
  };
}

/** Its words on stderr go to the log. */
function startProcess(
  [command = "", ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  log: LogOutputChannel,
): HelperProcess {
  const child = spawn(command, args, { cwd: "/", env, stdio: ["pipe", "pipe", "pipe"] });
  // A helper that dies while we write to it: its end is reported by the close of its output.
  child.stdin.on("error", (error) => log.debug(`helper: stdin: ${error.message}`));
  child.on("error", (error) => log.error(`The helper could not be started: ${error.message}`));
  child.on("exit", (code, signal) =>
    log.info(`The helper ended (${signal ?? `exit code ${code}`}).`),
  );
  forwardLines(child.stderr, (line) => log.info(`helper: ${line}`));
  return child;
}

function carrierOf(child: HelperProcess): Pick<Carrier, "input" | "output" | "onEnd"> {
  return {
    input: child.stdout,
    output: child.stdin,
    // Its output alone does not tell: a launcher that it started may hold the same pipe open.
    onEnd: (listener) => void child.once("exit", listener),
  };
}

function environmentOf(names: readonly string[]): NodeJS.ProcessEnv {
  const passed = names.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(passed);
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
