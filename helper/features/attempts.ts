import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import * as z from "zod/mini";
import { launcherPath } from "../launch/process.ts";
import type { Finding } from "./probes.ts";

/** Nobody's ids on every Linux: user_namespaces(7), overflowuid. */
const nobody = 65_534;
/** A range that no sandbox gets: below the first (idRange.ts), above the users. */
const probeIds = 0x7_0000;
const timeoutMs = 10_000;
const isRoot = process.getuid?.() === 0;

const failure = z.object({
  event: z.literal("error"),
  stage: z.string(),
  call: z.string(),
  path: z._default(z.string(), ""),
  errno: z._default(z.string(), ""),
});

/** How far an attempt came: a sandbox, the launcher's own word of what failed, or not even that. */
export type Attempt = "made" | LauncherFailure | "silent";
export type LauncherFailure = Omit<z.output<typeof failure>, "event">;

/** Sysctls and security modules that forbid it (Ubuntu's AppArmor, Debian's sysctl) have many names. */
export function unprivilegedUserNamespace(): Finding {
  return finding(attemptAsUser());
}

/** A sandbox as an ordinary user makes one: this user, or nobody where this user is root. */
export function attemptAsUser(options: readonly string[] = []): Attempt {
  return attempt(options, isRoot ? { uid: nobody, gid: nobody } : {});
}

/** Whether the file system of /etc can be id-mapped shows when it is tried. */
export function hostViewOwners(): Finding {
  if (!isRoot) return { available: false, answer: "an ordinary user cannot id-map a mount" };
  const map = `0 ${probeIds} 65536`;
  return finding(attempt(["--uid-map", map, "--gid-map", map, "--view", "/etc", "/etc"], {}));
}

/**
 * Makes a sandbox whose command cannot be executed: a launch that gets as far as that had all the rest. What
 * stands in its way has many names; the attempt has one answer.
 */
function attempt(options: readonly string[], user: { uid?: number; gid?: number }): Attempt {
  // By descriptor, because the launcher may lie where nobody may not go.
  const program = openSync(launcherPath(), "r");
  try {
    const words = ["run", "--status-fd", "1", ...options, "--", "/"];
    const { stdout } = spawnSync("/proc/self/fd/3", words, {
      stdio: ["ignore", "pipe", "ignore", program],
      env: {},
      timeout: timeoutMs,
      encoding: "utf8",
      ...user,
    });
    return judge(stdout ?? "");
  } finally {
    closeSync(program);
  }
}

function judge(events: string): Attempt {
  const errors = events.split("\n").flatMap((line) => failure.safeParse(parse(line)).data ?? []);
  const [error] = errors;
  if (error === undefined) return "silent";
  return error.stage === "exec" ? "made" : error;
}

function finding(attempt: Attempt): Finding {
  if (attempt === "made") return { available: true, answer: "a sandbox could be made" };
  if (attempt === "silent") return { available: false, answer: "the launcher did not start" };
  return { available: false, answer: `${attempt.call}: ${attempt.errno}` };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
