import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import * as z from "zod/mini";
import { TerrariumError } from "../protocol/errors.ts";
import type { Attachment } from "../protocol/methods.ts";
import { descriptorOptions, type LauncherProcess, launcherPath } from "./process.ts";
import { takeLauncher } from "./spare.ts";

/** One line of the launcher's status descriptor. */
const statusEvent = z.discriminatedUnion("event", [
  z.object({
    event: z.literal("ready"),
    pid: z.int(),
    namespaces: z._default(z.record(z.string(), z.number()), {}),
    unfollowed: z._default(z.record(z.string(), z.string()), {}),
  }),
  z.object({ event: z.literal("started") }),
  z.object({
    event: z.literal("error"),
    stage: z.string(),
    call: z.string(),
    path: z._default(z.string(), ""),
    errno: z._default(z.string(), ""),
    hint: z._default(z.string(), ""),
  }),
  z.object({ event: z.literal("exit"), code: z.int(), signal: z.nullable(z.string()) }),
]);

export type StatusEvent = z.output<typeof statusEvent>;
export type ReadyEvent = Extract<StatusEvent, { event: "ready" }>;

/** A launcher process that outlives this one: its own session, nothing of our descriptors. */
export interface Launch {
  readonly monitorPid: number;
  /** Resolves at `ready`; rejects with launcherFailed. */
  readonly ready: Promise<ReadyEvent>;
  /** Resolves when the command has been executed; rejects when it could not be. */
  readonly started: Promise<void>;
  /** Lets the prepared command run; told when it has been said. Without it the launcher undoes everything when we die. */
  commit(): Promise<void>;
  /** Gives up before `commit`. */
  abort(): void;
}

/** Tells a launcher to `run` or `enter`. */
export function launch(
  face: "run" | "enter",
  options: readonly string[],
  command: readonly string[],
  { child, status, sync, input }: LauncherProcess = takeLauncher(),
): Launch {
  const words = [face, ...descriptorOptions, ...options, "--", ...command];
  input.end(words.map((word) => `${word}\0`).join(""));
  return { monitorPid: child.pid ?? 0, ...followStatus(child, status), ...control(sync) };
}

/** The program that joins a terminal, or the client's own descriptors, to a socket of the launcher. */
export function attachment(socket: string): Attachment {
  return { command: launcherPath(), args: ["attach", socket] };
}

function control(sync: Socket): Pick<Launch, "commit" | "abort"> {
  return {
    // A client may be replaced by another program (execve) as soon as it has its answer.
    commit: () => new Promise((resolve) => sync.end("!", () => resolve())),
    abort: () => void sync.destroy(),
  };
}

function followStatus(child: ChildProcess, status: Socket): Pick<Launch, "ready" | "started"> {
  const ready = deferred<ReadyEvent>();
  const started = deferred<void>();
  const fail = (error: TerrariumError) => {
    ready.reject(error);
    started.reject(error);
  };
  const take = (line: string) => {
    const event = statusEvent.safeParse(parseJson(line)).data;
    if (event?.event === "ready") ready.resolve(event);
    if (event?.event === "started") started.resolve();
    if (event?.event === "error") fail(launcherError(event));
  };
  let rest = "";
  status.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
  status.on("close", () => fail(silentEnd("it ended without a word")));
  child.on("error", (error) => fail(silentEnd(error.message)));
  // From here on the sandbox lives by itself: it must neither keep this process alive nor wait for a reader
  // of what it tells (a monitor writes a line for each restart of a supervised process).
  started.promise.finally(() => status.destroy()).catch(() => undefined);
  return { ready: ready.promise, started: started.promise };
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

/** Promise.withResolvers, which Node 20 has not; a rejection that nobody awaits is no crash. */
function deferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, "resolve" | "reject"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  promise.catch(() => undefined);
  return {
    promise,
    resolve: (value) => settle?.resolve(value),
    reject: (error) => settle?.reject(error),
  };
}

function launcherError(event: Extract<StatusEvent, { event: "error" }>): TerrariumError {
  const { stage, call, path, errno, hint } = event;
  if (stage === "exec") return new TerrariumError("cannotExecute", { command: path, errno });
  return new TerrariumError("launcherFailed", { stage, call, path, errno, hint });
}

function silentEnd(reason: string): TerrariumError {
  return new TerrariumError("helperFailed", { reason: `the launcher did not start: ${reason}` });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
