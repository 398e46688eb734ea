import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cache } from "../rig/cache.ts";
import { median } from "./contest.ts";

/** Runners that take turns: the first round warms them up and is not counted. */

const restMs = 50;
const programs = join(cache, "bench");

/** Path of test/bench/NAME.c, compiled. */
export function compile(name: string): string {
  mkdirSync(programs, { recursive: true });
  const program = join(programs, name);
  execFileSync("gcc", ["-O2", "-static", "-o", program, join(import.meta.dirname, `${name}.c`)]);
  return program;
}

/** Median wall time of each command in milliseconds, from race.c. */
export function raceCommands<Name extends string>(
  rounds: number,
  commands: Readonly<Record<Name, readonly string[]>>,
): Record<Name, number> {
  const names = namesOf(commands);
  const lines = names.flatMap((name, i) => [...(i > 0 ? ["--then"] : []), ...commands[name]]);
  const race = compile("race");
  const output = execFileSync(race, [`${rounds + 1}`, ...lines], {
    encoding: "utf8",
    env: plainEnvironment(),
  });
  const rows = output
    .trim()
    .split("\n")
    .slice(1)
    .map((row) => row.split(" ").map(Number));
  return medians(names, (i) => rows.map((row) => (row[i] ?? 0) / 1e6));
}

/** Of nobody: what a person's shell does when it starts would count as the work of a peer that starts one. */
function plainEnvironment(): Readonly<Record<string, string>> {
  const home = join(programs, "home");
  mkdirSync(home, { recursive: true });
  return { HOME: home, PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
}

/** The same for work of this process's own. */
export async function raceFunctions<Name extends string>(
  rounds: number,
  runners: Readonly<Record<Name, () => Promise<void>>>,
): Promise<Record<Name, number>> {
  const names = namesOf(runners);
  const times = names.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, name] of names.entries()) {
      // What the one before left to be done afterwards, it does in its own time.
      await sleep(restMs);
      const begun = performance.now();
      await runners[name]();
      if (round > 0) times[i]?.push(performance.now() - begun);
    }
  }
  return medians(names, (i) => times[i] ?? []);
}

function namesOf<Name extends string>(record: Readonly<Record<Name, unknown>>): Name[] {
  // Object.keys is typed for objects with more keys than their type says; these are literals.
  return Object.keys(record) as Name[];
}

function medians<Name extends string>(
  names: readonly Name[],
  timesOf: (i: number) => readonly number[],
): Record<Name, number> {
  const entries = names.map((name, i) => [name, median(timesOf(i))] as const);
  return Object.fromEntries(entries) as Record<Name, number>;
}
