import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ResultLine } from "../rig/result-lines.ts";
import { type InsideRow, runInside, type Session } from "./inside.ts";

/** What is different where systemd is PID 1 and cgroup v2 is all there is. */
const rows: readonly InsideRow[] = [
  {
    file: "vm/inside/delegated.ts",
    as: ["user"],
    why: "only systemd delegates as systemd does",
  },
  ...kernelFiles("one hierarchy holds all limits", ["limits-cgroups", "sandbox-limits"]),
  ...kernelFiles(
    "mounts, namespaces and sessions are as systemd leaves them",
    ["enter", "life", "mounts", "namespaces", "run", "terminal"].map((name) => `launcher-${name}`),
  ),
];

/** Those that test as root. */
function kernelFiles(why: string, names: readonly string[]): readonly InsideRow[] {
  return names.map((name) => ({ file: `kernel/${name}.test.ts`, as: ["root"], why }));
}

const titles = {
  root: "as root",
  user: "as a user in a cgroup that systemd delegated",
} as const;

test("in a Debian with systemd and cgroup v2", async (t) => {
  for (const session of await runInside(rows)) {
    await t.test(titles[session.asker], (t) => retell(t, session));
  }
});

/** What root, or a machine with version 1, has to test: both did. */
const testedElsewhere = /^needs root$|cgroup v1|version 1/;

/** Each test again, by its name there, so that it counts and fails here. */
async function retell(t: TestContext, { asker, results, output }: Session): Promise<void> {
  for (const { file } of rows.filter(({ as }) => as.includes(asker))) {
    const ofFile = results.filter(
      (result) => result.file.endsWith(file) && !testedElsewhere.test(result.skipped ?? ""),
    );
    await t.test(`${file} ran`, () => assert.notEqual(ofFile.length, 0, output));
    for (const result of ofFile) await retellOne(t, result);
  }
}

function retellOne(t: TestContext, { names, failure, skipped }: ResultLine): Promise<void> {
  return t.test(names.join(" › "), (t) => {
    if (skipped !== undefined) t.skip(skipped);
    else if (failure !== undefined) assert.fail(failure);
  });
}
