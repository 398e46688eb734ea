import assert from "node:assert/strict";
import { createWriteStream } from "node:fs";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { runTests } from "@vscode/test-electron";
import { build } from "esbuild";
import { makeTemporaryFolder } from "../rig/cache.ts";
import { desktopIsPossible } from "../rig/desktop.ts";
import { checkout } from "../rig/prepare.mjs";
import type { HostResult } from "./host/run.ts";

/** On a machine that can download and show VS Code the tests run there, else on the rig's server. */
async function vscodeExecutable(): Promise<{ vscodeExecutablePath?: string }> {
  if (await desktopIsPossible()) return {};
  return { vscodeExecutablePath: join(checkout, "test", "rig", "frontend.ts") };
}

/** One CommonJS file: the extension host loads no TypeScript, and mocha stays what npm installed. */
async function bundleHostTests(folder: string): Promise<string> {
  const outfile = join(folder, "tests.cjs");
  await build({
    entryPoints: [join(checkout, "test", "editor", "host", "run.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node22",
    external: ["vscode", "mocha"],
  });
  return outfile;
}

/** What the extension host and the rig print, for whoever looks into a failure. */
async function openLog(): Promise<NodeJS.WritableStream> {
  const pictures = join(checkout, "test", "out");
  await mkdir(pictures, { recursive: true });
  return createWriteStream(join(pictures, "extension-host.log"));
}

async function runInExtensionHost(folder: string): Promise<number> {
  const log = await openLog();
  const workspace = join(folder, "tide-table");
  await cp(join(checkout, "test", "editor", "workspace"), workspace, { recursive: true });
  return runTests({
    ...(await vscodeExecutable()),
    extensionDevelopmentPath: checkout,
    extensionTestsPath: await bundleHostTests(folder),
    launchArgs: [workspace],
    stdout: log,
    stderr: log,
    extensionTestsEnv: { TERRARIUM_HOST_REPORT: join(folder, "report.json") },
  }).catch((error: unknown) => Number(Object(error).code ?? 1));
}

test("In the extension host of a real VS Code", async (t) => {
  const folder = await makeTemporaryFolder("host");
  t.after(() => rm(folder, { recursive: true, force: true }));
  const exitCode = await runInExtensionHost(folder);
  const report: HostResult[] = JSON.parse(await readFile(join(folder, "report.json"), "utf8"));
  for (const { title, error } of report) {
    await t.test(title, () => {
      if (error !== undefined) assert.fail(error);
    });
  }
  assert.equal(exitCode, report.some(({ error }) => error !== undefined) ? 1 : 0);
});
