import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { cgroupPlaces } from "../../helper/limits/places.ts";

/** A process in namespaces of its own, without any part of Terrarium: util-linux's unshare(1). */
export interface Isolated {
  /** Host pid of the process inside. */
  readonly pid: number;
  end(): Promise<void>;
}

export const isRoot = process.geteuid?.() === 0;
export const needsRoot = { skip: isRoot ? false : "needs root" };

/** Root has cgroups to limit sandboxes by; a user has what systemd delegated. */
export const needsCgroups = {
  skip: cgroupPlaces().length > 0 ? false : "needs root, or a cgroup that was delegated",
};

/** An unprivileged identity that owns nothing on the machine. */
export const strangerId = 65533;

/** The first lines of a script for Node: it loads as root, from a checkout that may be closed to others. */
export const becomeStranger = `
  process.setgroups([]);
  process.setgid(${strangerId});
  process.setuid(${strangerId});
`;

const readyThenSleep = 'read -r pid rest < /proc/self/stat; echo "$pid"; exec sleep 600';

/**
 * Starts `unshare FLAGS sh`, which tells its host pid (the host's /proc is still mounted there), then
 * sleeps. It ends with the test. `before`: a program that starts it, as somebody else.
 */
export async function startIsolated(
  t: TestContext,
  flags: readonly string[],
  script = readyThenSleep,
  before: readonly string[] = [],
): Promise<Isolated> {
  const [program = "", ...words] = [...before, "unshare", ...flags, "--", "sh", "-c", script];
  return untilReady(t, spawn(program, words, options));
}

/** A process that is not isolated at all. */
export async function startPlain(t: TestContext, script = readyThenSleep): Promise<Isolated> {
  return untilReady(t, spawn("sh", ["-c", script], options));
}

/** Detached: a process group of its own, so that what the script started ends with it. */
const options = { stdio: ["ignore", "pipe", "inherit"], detached: true } satisfies SpawnOptions;

async function untilReady(t: TestContext, child: ChildProcess): Promise<Isolated> {
  const ended = once(child, "exit");
  const end = async () => {
    killGroup(child.pid);
    await ended;
    child.stdout?.destroy();
  };
  t.after(end);
  const pid = Number(await firstLine(child));
  if (!pid) throw new Error("the isolated process did not start");
  return { pid, end };
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) return "";
  const lines = createInterface({ input: stdout });
  const [line] = await Promise.race([once(lines, "line"), once(lines, "close")]);
  return String(line);
}

function killGroup(leader: number | undefined): void {
  try {
    if (leader) process.kill(-leader, "SIGKILL");
  } catch {
    // Every process of the group has ended.
  }
}
