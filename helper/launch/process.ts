import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import type { Socket } from "node:net";
import { installedFile } from "../installation.ts";
import { TerrariumError } from "../protocol/errors.ts";

/** A launcher that waits for its arguments: its own session, nothing of our descriptors. */
export interface LauncherProcess {
  readonly child: ChildProcess;
  /** Its status events. */
  readonly status: Socket;
  /** One byte lets the prepared command run. */
  readonly sync: Socket;
  /** Its arguments, each with a NUL behind it. At its end before any came the launcher ends, too. */
  readonly input: Socket;
}

const statusDescriptor = 3;
const syncDescriptor = 4;
const argumentsDescriptor = 5;

/** How a launcher calls a descriptor that it inherits: by its place among them. */
export function inheritedPath(place: number): string {
  return `/proc/self/fd/${argumentsDescriptor + 1 + place}`;
}

/** The options of `run` and `enter` that name the descriptors of a LauncherProcess. */
export const descriptorOptions = [
  ...["--status-fd", `${statusDescriptor}`],
  ...["--sync-fd", `${syncDescriptor}`],
] as const;

/**
 * All of its arguments travel by a pipe: argv is readable by every user of the host, and the environment
 * among the options may hold secrets. And so a process may be there before it is known what it will do.
 */
export function startLauncher(inherited: readonly number[] = []): LauncherProcess {
  const child = spawn(launcherPath(), ["--args", `${argumentsDescriptor}`], {
    detached: true,
    cwd: "/",
    env: {},
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe", "pipe", ...inherited],
  });
  const [status, sync, input] = child.stdio.slice(statusDescriptor) as [Socket, Socket, Socket];
  for (const pipe of [sync, input]) pipe.on("error", () => undefined);
  // It may not be told anything for a while; then whoever follows its status learns that it has ended.
  child.on("error", () => undefined);
  child.unref();
  return { child, status, sync, input };
}

/** One that was told nothing, or whose command has not been let run, undoes what it did and ends. */
export function dismissLauncher({ status, sync, input }: LauncherProcess): void {
  for (const pipe of [input, sync]) pipe.destroy();
  // It may still have something to say, and must not be stopped by that nobody listens.
  status.resume();
}

export function launcherPath(): string {
  const path = installedFile("native/launcher");
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw new TerrariumError("launcherMissing", { path });
  }
  return path;
}
