import assert from "node:assert/strict";
import { setPriority } from "node:os";
import { type TestContext, test } from "node:test";
import type { ResultLine } from "../rig/result-lines.ts";
import { type Asker, type InsideRow, runInside, type Session } from "./inside.ts";

/** What is different where systemd is PID 1 and cgroup v2 is all there is. */
const rows: readonly InsideRow[] = [
  {
    file: "vm/inside/delegated.ts",
    as: ["user"],
    why: "only systemd delegates as systemd does",
  },
  ...["scope", "scope-life", "scope-cut-short"].map((name) => ({
    file: `vm/inside/${name}.ts`,
    as: ["root"] as const,
    why: "only systemd makes the scopes that root's sandboxes are in",
  })),
  ...kernelFiles(["root", "user"], "one hierarchy holds all limits", [
    ...["limits-cgroups", "limits-read", "sandbox-limits", "usage"],
  ]),
  ...kernelFiles(["root"], "one hierarchy holds all limits", ["limits-rows"]),
  ...kernelFiles(["user"], "what was delegated is all that can be looked at", ["cli-stats"]),
  ...kernelFiles(["root"], "a program of BPF is all that holds devices", ["device-access"]),
  ...kernelFiles(["root"], "another kernel's queues and rules hold the rates", ["network-rates"]),
  ...kernelFiles(["user"], "one hierarchy, whose tree systemd made", [
    ...["inventory-inspect", "inventory-namespaces"],
  ]),
  ...kernelFiles(["root"], "one hierarchy, whose tree systemd made", ["inventory-processes"]),
  ...kernelFiles(
    ["root", "user"],
    "sessions are as systemd leaves them, and the user has subordinate ids",
    ["enter", "life", "run", "terminal"].map((name) => `launcher-${name}`),
  ),
  ...kernelFiles(
    ["root"],
    "mounts and namespaces are as systemd leaves them",
    ["mounts", "namespaces", "security", "view"].map((name) => `launcher-${name}`),
  ),
];

function kernelFiles(
  as: readonly Asker[],
  why: string,
  names: readonly string[],
): readonly InsideRow[] {
  return names.map((name) => ({ file: `kernel/${name}.test.ts`, as, why }));
}

/** `TERRARIUM_ROWS=launcher-run,usage node --test test/vm/systemd.test.ts` runs these alone. */
const named = process.env["TERRARIUM_ROWS"]?.split(",");
const chosen = rows.filter(({ file }) => !named || named.some((name) => file.includes(name)));

const titles = {
  root: "as root",
  user: "as a user in a cgroup that systemd delegated",
} as const;

// Its three machines leave a processor to the one beside them (suites.ts), which has as much to do and more to measure.
setPriority(5);

test("in a Debian with systemd and cgroup v2", async (t) => {
  for (const session of await runInside(chosen)) {
    await t.test(titles[session.asker], (t) => retell(t, session));
  }
});

/** What root, a poorer user or a machine with version 1 has to test: they did. */
const testedElsewhere =
  /^needs root$|may map no more ids|cgroup v1|version 1|one hierarchy only|no such hierarchy|no devices controller|cannot be id-mapped|a scope of its own/;

/** Each test again, by its name there, so that it counts and fails here. */
async function retell(t: TestContext, session: Session): Promise<void> {
  const { asker, results, output, failures } = session;
  await t.test("every machine came to its end", () => assert.deepEqual(failures, []));
  for (const { file } of chosen.filter(({ as }) => as.includes(asker))) {
    const ofFile = results.filter(
      (result) => result.file.endsWith(file) && !testedElsewhere.test(result.skipped ?? ""),
    );
    await t.test(`${file} ran`, () => assert.notEqual(ofFile.length, 0, output));
    for (const result of ofFile) await retellOne(t, result);
  }
}

/** What took long there is to be found where somebody looks for time. */
const longSeconds = 5;

function retellOne(t: TestContext, result: ResultLine): Promise<void> {
  const { names, failure, skipped, seconds } = result;
  return t.test(names.join(" › "), (t) => {
    if (seconds > longSeconds) t.diagnostic(`${Math.round(seconds)} s`);
    if (skipped !== undefined) t.skip(skipped);
    else if (failure !== undefined) assert.fail(failure);
  });
}
