import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import * as z from "zod/mini";
import { launcherPath } from "../launch/launcher.ts";
import type { Finding } from "./probes.ts";

/** Nobody's ids on every Linux: user_namespaces(7), overflowuid. */
const nobody = 65_534;
const timeoutMs = 10_000;

const failure = z.object({
  event: z.literal("error"),
  stage: z.string(),
  call: z.string(),
  errno: z.string(),
});

/**
 * Makes a sandbox as an ordinary user, whose command cannot be executed: a launch that gets as far as that
 * had its namespaces. Sysctls and security modules that forbid it (Ubuntu's AppArmor, Debian's
 * unprivileged_userns_clone) have many names; the attempt has one answer.
 */
export function unprivilegedUserNamespace(): Finding {
  // By descriptor, because the launcher may lie where nobody may not go.
  const program = openSync(launcherPath(), "r");
  try {
    const { stdout } = spawnSync("/proc/self/fd/3", ["run", "--status-fd", "1", "--", "/"], {
      stdio: ["ignore", "pipe", "ignore", program],
      env: {},
      timeout: timeoutMs,
      encoding: "utf8",
      ...(process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {}),
    });
    return judge(stdout ?? "");
  } finally {
    closeSync(program);
  }
}

function judge(events: string): Finding {
  const errors = events.split("\n").flatMap((line) => failure.safeParse(parse(line)).data ?? []);
  const [error] = errors;
  if (error?.stage === "exec") return { available: true, answer: "a sandbox could be made" };
  return {
    available: false,
    answer: error ? `${error.call}: ${error.errno}` : "the launcher did not start",
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
