import { spawn, spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { TerrariumError } from "../protocol/errors.ts";
import { busctlPath } from "./busctl.ts";
import { type ScopeRequest, scopeName, scopeProperties, type UnitProperty } from "./units.ts";

/** What is asked of systemd, by its own busctl(1): org.freedesktop.systemd1(5). */

const answerTimeoutSeconds = 10;
const manager = [
  "org.freedesktop.systemd1",
  "/org/freedesktop/systemd1",
  "org.freedesktop.systemd1.Manager",
];

/** The unit of the sandbox's last run is on its way out. */
const unitIsEnding = /already loaded|already exists/;
const endingTimeoutMs = 10_000;
const retryMs = 20;

/** Asks for a scope with this process in it; systemd makes it soon after it has answered. Throws systemdFailed. */
export function startScope(request: ScopeRequest, pid: number): Promise<void> {
  return startTransient(scopeName(request.id), scopeProperties(request), pid);
}

/** The same for any transient scope. */
export async function startTransient(
  unit: string,
  properties: readonly UnitProperty[],
  pid: number,
): Promise<void> {
  const held = ["PIDs", "au", "1", `${pid}`, ...words(properties)];
  const args = ["ssa(sv)a(sa(sv))", unit, "replace", `${properties.length + 1}`, ...held, "0"];
  const deadlineMs = performance.now() + endingTimeoutMs;
  for (;;) {
    const answer = await call("StartTransientUnit", args);
    if (answer === undefined) return;
    if (!unitIsEnding.test(answer) || performance.now() > deadlineMs) throw failure(unit, answer);
    await sleep(retryMs);
  }
}

function words(properties: readonly UnitProperty[]): readonly string[] {
  return properties.flatMap(({ name, type, value }) => [name, type, value]);
}

/** Changes a property of a unit until the next boot; answers what systemd said against it. */
export function setUnitProperty(unit: string, property: UnitProperty): string | undefined {
  return callNow("SetUnitProperties", "sba(sv)", unit, "true", "1", ...words([property]));
}

/** Answers what systemd said against it, as of a unit that is not there. */
export function stopUnit(unit: string): string | undefined {
  return callNow("StopUnit", "ss", unit, "replace");
}

function callNow(member: string, ...args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(
    requireBusctl(),
    commandLine("call", member, ...args),
    {
      ...surroundings,
      encoding: "utf8",
    },
  );
  return status === 0 ? undefined : (error?.message ?? said(stderr));
}

/** Its version, or why there is no answer. */
export function askVersion(): { readonly version: string } | { readonly why: string } {
  if (busctlPath() === undefined) return { why: "busctl is not installed" };
  const { status, stdout, stderr } = spawnSync(
    requireBusctl(),
    commandLine("get-property", "Version"),
    { ...surroundings, encoding: "utf8" },
  );
  // One property is told as its type and its value: s "257".
  return status === 0 ? { version: stdout.trim().slice(3, -1) } : { why: said(stderr) };
}

const surroundings = { env: { LC_ALL: "C" }, cwd: "/" } as const;

function commandLine(verb: string, member: string, ...args: readonly string[]): string[] {
  const options = ["--system", `--timeout=${answerTimeoutSeconds}`];
  return [...options, verb, ...manager, member, ...args];
}

/** Answers what was said against it. */
async function call(member: string, args: readonly string[]): Promise<string | undefined> {
  const child = spawn(requireBusctl(), commandLine("call", member, ...args), {
    ...surroundings,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  return code === 0 ? undefined : said(errors);
}

/** `Call failed: Unit x.scope was already loaded or has a fragment file.` */
function said(errors: string | undefined): string {
  const [answer = ""] = (errors ?? "").trim().split("\n");
  return answer.replace(/^Call failed: /, "").replace(/\.$/, "") || "it ended without a word";
}

function requireBusctl(): string {
  const path = busctlPath();
  if (path !== undefined) return path;
  throw failure("a scope", "busctl, which comes with systemd, is not installed");
}

export function failure(unit: string, answer: string): TerrariumError {
  return new TerrariumError("systemdFailed", { unit, answer });
}
