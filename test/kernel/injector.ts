import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type LauncherEvent, launcherPath } from "./launcher.ts";

const source = fileURLToPath(new URL("attacks/inject.c", import.meta.url));

/** One system call of one clean run; `nth` counts the role's calls of that name. */
export interface Point {
  readonly role: string;
  readonly call: string;
  readonly nth: number;
  /** The file behind the first argument where that is a descriptor, else the number. */
  readonly detail: string;
}

export type Spoil =
  | { readonly mode: "trace" }
  | { readonly mode: "fail" | "short" | "kill"; readonly point: Point; readonly errno?: string };

/** How a run under the injector ended. */
export interface Outcome {
  readonly code: number | null;
  readonly events: readonly LauncherEvent[];
  readonly stderr: string;
  /** Whether the point was reached. */
  readonly hit: boolean;
  /** Roles of processes that outlived the launcher; "modes" of a terminal; "hang" where it never ended. */
  readonly left: readonly string[];
  /** In trace mode: every call. */
  readonly points: readonly Point[];
}

interface RunOptions {
  /** Hears the launcher's `ready` event. */
  readonly onReady?: (() => void) | undefined;
  /** A terminal is its standard input and output; a line waits there. */
  readonly terminal?: boolean;
}

/** attacks/inject.c, built in a directory of its own. */
export class Injector {
  readonly #directory = mkdtempSync(join(tmpdir(), "terrarium-injector-"));
  readonly #program = join(this.#directory, "inject");
  readonly #numbers = readCallNumbers();
  readonly #names = new Map([...this.#numbers].map(([name, number]) => [number, name]));

  constructor() {
    execFileSync("gcc", ["-O1", "-Wall", "-Werror", "-o", this.#program, source]);
  }

  /** Runs the launcher. Descriptor 3 is the status, 4 has one byte. */
  async run(
    args: readonly string[],
    spoil: Spoil,
    { onReady, terminal = false }: RunOptions = {},
  ): Promise<Outcome> {
    const log = ["5", ...(terminal ? ["terminal"] : [])];
    const line = [...log, ...this.#words(spoil), "--", launcherPath, ...args];
    const child = spawn(this.#program, line, {
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe", "pipe"],
      // LeakSanitizer cannot trace what is traced already.
      env: { ...process.env, ASAN_OPTIONS: "detect_leaks=0" },
    });
    const [, , errors, events, sync, calls] = Array.from<Readable | Writable | null | undefined>(
      child.stdio,
    );
    const [stderr, status, said] = [errors, events, calls].map(collect);
    if (sync && "end" in sync) sync.on("error", () => undefined).end("x");
    // Ready it is too when what was spoiled is the event itself.
    const lost = spoil.mode !== "trace" && spoil.point.detail.includes('"ready"');
    (lost ? calls : events)?.on("data", (text: string) => {
      if (/"ready"|hit/.test(text)) onReady?.();
    });
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    const lines = said?.().split("\n").slice(0, -1) ?? [];
    return {
      code,
      events: readEvents(status?.() ?? ""),
      stderr: stderr?.() ?? "",
      hit: lines.includes("hit"),
      left: lines.filter((text) => /^(left|hang)/.test(text)),
      points: this.#points(lines),
    };
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #words(spoil: Spoil): string[] {
    if (spoil.mode === "trace") return ["trace"];
    const { role, call, nth } = spoil.point;
    const number = this.#numbers.get(call) ?? -1;
    const error = Object.entries(constants.errno).find(([name]) => name === spoil.errno)?.[1] ?? 0;
    return [spoil.mode, role, `${number}`, `${nth}`, `${error}`];
  }

  #points(lines: readonly string[]): Point[] {
    const seen = new Map<string, number>();
    return lines.flatMap((line) => {
      const [, role, number, detail] = /^([\d.]+) (\d+) (.*)$/.exec(line) ?? [];
      if (role === undefined || detail === undefined) return [];
      const call = this.#names.get(Number(number)) ?? `call ${number}`;
      const nth = (seen.get(`${role} ${call}`) ?? 0) + 1;
      seen.set(`${role} ${call}`, nth);
      return [{ role, call, nth, detail }];
    });
  }
}

function collect(from: unknown): () => string {
  let text = "";
  (from as Readable).setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  return () => text;
}

/** A line that is no whole event would be the launcher's fault: it makes this throw. */
function readEvents(status: string): LauncherEvent[] {
  const lines = status.split("\n");
  if (lines.pop() !== "") throw new Error(`half an event: ${status}`);
  return lines.map((line): LauncherEvent => JSON.parse(line));
}

/** As the compiler's headers have them for this machine. */
function readCallNumbers(): ReadonlyMap<string, number> {
  const words = ["-E", "-dM", "-include", "sys/syscall.h", "-x", "c", "/dev/null"];
  const text = execFileSync("gcc", words, { encoding: "utf8" });
  const found = [...text.matchAll(/^#define __NR_(\w+) (\d+)$/gm)];
  return new Map(found.map(([, name = "", number]) => [name, Number(number)]));
}
