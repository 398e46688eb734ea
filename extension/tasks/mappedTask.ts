import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import * as vscode from "vscode";
import type { MappedPath } from "./definition.ts";
import { MappedOutput } from "./mappedPaths.ts";

/** A line that does not end is shown after this. */
const patienceMs = 100;
const interrupt = "\u0003";

export interface Client {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs a program whose paths are not those of this machine: problem matchers read what the terminal shows, so it shows
 * the paths here, and says so first. Only for such; what needs no other words goes past us, from pty to pty.
 */
export class MappedTask implements vscode.Pseudoterminal {
  readonly #client: Client;
  readonly #paths: readonly MappedPath[];
  readonly #output: MappedOutput;
  readonly #written = new vscode.EventEmitter<string>();
  readonly #closed = new vscode.EventEmitter<number>();
  #child: ChildProcessByStdio<Writable, Readable, Readable> | undefined;
  #timer: NodeJS.Timeout | undefined;

  readonly onDidWrite = this.#written.event;
  readonly onDidClose = this.#closed.event;

  constructor(client: Client, paths: readonly MappedPath[]) {
    this.#client = client;
    this.#paths = paths;
    this.#output = new MappedOutput(paths);
  }

  open(): void {
    for (const { inside, here } of this.#paths) this.#show(dim(`${inside} is shown as ${here}\n`));
    const { program, args, env } = this.#client;
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => this.#take(text));
    }
    // It may have ended already, and nobody reads any more.
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => this.#show(`${error.message}\n`));
    child.on("close", (code) => this.#end(code ?? 1));
  }

  handleInput(data: string): void {
    if (data === interrupt) this.#child?.kill("SIGINT");
    else this.#child?.stdin.write(data.replaceAll("\r", "\n"));
  }

  close(): void {
    this.#child?.kill("SIGTERM");
  }

  #take(text: string): void {
    clearTimeout(this.#timer);
    this.#show(this.#output.take(text));
    this.#timer = setTimeout(() => this.#show(this.#output.flush()), patienceMs);
  }

  #end(code: number): void {
    clearTimeout(this.#timer);
    this.#show(this.#output.flush());
    this.#closed.fire(code);
    this.#written.dispose();
    this.#closed.dispose();
  }

  #show(text: string): void {
    if (text !== "") this.#written.fire(text.replace(/\r?\n/g, "\r\n"));
  }
}

/** SGR 2. */
function dim(text: string): string {
  return `\u001b[2m${text}\u001b[22m`;
}
