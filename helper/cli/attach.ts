import { spawn } from "node:child_process";
import { constants } from "node:os";
import { TerrariumError } from "../protocol/errors.ts";
import type { Attachment } from "../protocol/methods.ts";

const shellSignalBase = 128;

/**
 * Hands this terminal (or these pipes) to the process in the sandbox and answers its exit code. The launcher
 * carries the bytes and the signals of the terminal; we only pass on what is sent to us alone.
 */
export function attach(attachment: Attachment, withInput: boolean): Promise<number> {
  const child = spawn(attachment.command, attachment.args, {
    stdio: [withInput ? "inherit" : "ignore", "inherit", "inherit"],
  });
  // The terminal sends these to the whole foreground group, the launcher included.
  for (const signal of ["SIGINT", "SIGQUIT", "SIGTSTP"] as const)
    process.on(signal, () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
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
  return process.stdin.isTTY && process.stdout.isTTY ? "tty" : "inherit";
}
