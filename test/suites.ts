import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { join, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { checkout } from "./rig/prepare.mjs";
import { endRun, markRun } from "./rig/run-marker.ts";

/** The second half of `npm test`, on the project's own Node: every suite, then the totals. */

interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const suiteTimeoutMs = 15 * 60_000;

/** What failed and why, to be found at the end of some thousand lines. */
const failures: string[] = [];
const reasonLength = 600;
/** node:test's words for what failed with something else. */
const consequences = ["subtestsFailed", "cancelledByParent"];

/** One row per suite, in the order in which they run: the cheap ones fail first. */
const suites: Readonly<Record<string, () => Promise<Totals>>> = {
  check: runChecks,
  unit: () => runFolder("unit", 2),
  // One file at a time: they read and change what the whole machine shares.
  kernel: () => runFolder("kernel", 1),
  sanitize: runSanitized,
  // A booted Debian for each file, by systemd-nspawn: half a second.
  system: () => runFolder("system", 1),
  // The longest first: beside it there is time for all others, each of which waits for most of its own.
  vm: () => runFiles(["test/vm/systemd.test.ts", "test/vm/!(systemd).test.ts"], 2),
  package: () => runFolder("package", 1),
  editor: () => runFolder("editor", 1),
};

async function main(): Promise<boolean> {
  const chosen = chooseSuites(process.argv.slice(2));
  const results: (readonly [string, Totals])[] = [];
  for (const name of chosen) {
    process.stdout.write(`\n— ${name} —\n`);
    results.push([name, await (suites[name] as () => Promise<Totals>)()]);
  }
  return report(results);
}

function chooseSuites(names: readonly string[]): readonly string[] {
  const known = Object.keys(suites);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`there is no suite ${unknown}; there are ${known.join(", ")}`);
  }
  return names.length > 0 ? names : known;
}

/** Types, lint and format, and the C compiler's analysis: each counts as one test. */
async function runChecks(): Promise<Totals> {
  const checks = [
    ["tsc", "-b"],
    ["biome", "check", "."],
    ["make", "-s", "-C", "native", "check"],
  ] as const;
  let failed = 0;
  for (const check of checks) {
    if (await runCommand(check)) continue;
    failed += 1;
    failures.push(check.join(" "));
  }
  return { passed: checks.length - failed, failed, skipped: 0 };
}

async function runCommand([program, ...args]: readonly [string, ...string[]]): Promise<boolean> {
  const child = spawn(program, args, { cwd: checkout, stdio: "inherit" });
  const [code] = await once(child, "exit");
  return code === 0;
}

/**
 * The launcher's tests once more on its build with ASan and UBSan, and the fuzzer. Left out are the
 * tests that need strace(1), beside which LeakSanitizer cannot trace, and the races, which want speed.
 */
async function runSanitized(): Promise<Totals> {
  if (!(await runCommand(["make", "-s", "-C", "native", "sanitize"]))) return oneFailure;
  process.env["TERRARIUM_LAUNCHER"] = join(checkout, "dist/native/launcher-sanitize");
  try {
    const again = "test/kernel/launcher-!(faults|landlock|races|seccomp-programs).test.ts";
    return await runFiles(["test/sanitize/*.test.ts", again], 1);
  } finally {
    delete process.env["TERRARIUM_LAUNCHER"];
  }
}

const oneFailure: Totals = { passed: 0, failed: 1, skipped: 0 };

function runFolder(name: string, concurrency: number): Promise<Totals> {
  return runFiles([`test/${name}/**/*.test.ts`], concurrency);
}

async function runFiles(globPatterns: readonly string[], concurrency: number): Promise<Totals> {
  const events = run({
    cwd: checkout,
    files: globPatterns.flatMap((pattern) => globSync(pattern, { cwd: checkout }).sort()),
    concurrency,
    timeout: suiteTimeoutMs,
  });
  let totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  events.on("test:summary", ({ file, counts }) => {
    if (file !== undefined) return;
    const skipped = counts.skipped + counts.todo;
    const failed = counts.tests - counts.passed - skipped;
    totals = { passed: counts.passed, failed, skipped };
  });
  events.on("test:fail", ({ name, file = "", details: { error } }) => {
    if ("failureType" in error && consequences.includes(String(error.failureType))) return;
    const reason = String(error.cause ?? error).slice(0, reasonLength);
    failures.push(`${relative(checkout, file)}: ${name}: ${reason}`);
  });
  for await (const text of events.compose(spec)) process.stdout.write(text);
  return totals;
}

/** Prints what failed and the table of totals; true when every suite ran something and nothing failed. */
function report(results: readonly (readonly [string, Totals])[]): boolean {
  process.stdout.write(`\n${failures.map((line) => `✖ ${line}\n`).join("")}\n`);
  for (const [name, totals] of results) {
    process.stdout.write(`${name.padEnd(8)} ${describe(totals)}${emptyNote(totals)}\n`);
  }
  const all = results.map(([, totals]) => totals);
  process.stdout.write(`${describe(all.reduce(add))}\n`);
  return all.every((totals) => totals.failed === 0 && !isEmpty(totals));
}

function isEmpty({ passed, failed }: Totals): boolean {
  return passed + failed === 0;
}

function emptyNote(totals: Totals): string {
  return isEmpty(totals) ? " (nothing ran: that counts as a failure of the run)" : "";
}

function add(one: Totals, other: Totals): Totals {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  };
}

function describe({ passed, failed, skipped }: Totals): string {
  const base = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${base}, ${skipped} skipped` : base;
}

markRun();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => void endRun().then(() => process.exit(1)));
}
try {
  process.exitCode = (await main()) ? 0 : 1;
} finally {
  await endRun();
}
