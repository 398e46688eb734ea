import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import { isatty } from "node:tty";
import { TerrariumError } from "../protocol/errors.ts";
import type { Attachment } from "../protocol/methods.ts";

const STDIN = 0;
const STDOUT = 1;
const shellSignalBase = 128;

/**
 * Hands this terminal (or these pipes) to the process in the sandbox and answers its exit code. The launcher
 * carries the bytes and the signals: where Node can, this process becomes the launcher (execve(2), Node 22.15),
 * so that nobody stands between it and who started us, and 40 MB of Node need not wait for its end.
 */
export function attach({ command, args }: Attachment, withInput: boolean): Promise<number> {
  if (!process.execve) return follow(command, args, withInput);
  if (!withInput) {
    // The lowest free number is taken: open(2).
    closeSync(STDIN);
    openSync("/dev/null", "r");
  }
  return process.execve(command, [command, ...args], process.env);
}

/** The launcher as a child: carries its exit code, and passes on what is sent to us alone. */
function follow(command: string, args: readonly string[], withInput: boolean): Promise<number> {
  // Before the launcher starts: a signal that came between would end us and leave it behind, with our pipes open.
  // The terminal sends these to the whole foreground group, the launcher included.
  for (const signal of ["SIGINT", "SIGQUIT", "SIGTSTP"] as const)
    process.on(signal, () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  const child = spawn(command, args, {
    stdio: [withInput ? "inherit" : "ignore", "inherit", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.once("error", (error) =>
      reject(new TerrariumError("helperFailed", { reason: `cannot attach: ${error.message}` })),
    );
    child.once("exit", (code, signal) =>
      resolve(code ?? shellSignalBase + (signal ? constants.signals[signal] : 0)),
    );
  });
}

/** The variables that a sandbox may get, with those that its spec asks for; the helper chooses among them. */
export function clientEnvironment(passEnv: readonly string[] = []): Record<string, string> {
  const { env } = process;
  const names = Object.keys(env).filter(
    (name) =>
      /^(TERM|COLORTERM|NO_COLOR|LANG|LANGUAGE|TZ|LC_[A-Z]+)$/.test(name) || passEnv.includes(name),
  );
  return Object.fromEntries(names.map((name) => [name, env[name] ?? ""]));
}

/** A terminal of its own when both ends of ours are one. */
export function stdioForTerminal(): "tty" | "inherit" {
  return onTerminal() ? "tty" : "inherit";
}

/** Asked of the descriptors: Node's own streams would make them non-blocking for whoever comes after us. */
export function onTerminal(): boolean {
  return isatty(STDIN) && isatty(STDOUT);
}
