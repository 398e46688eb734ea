import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { promisify } from "node:util";
import type { Locator } from "playwright-core";
import { checkout } from "../rig/prepare.mjs";
import { helperBelow } from "./kernel-facts.ts";
import { makeSteps } from "./steps.ts";
import { Workbench } from "./workbench.ts";

const sandboxes = "Sandboxes & Containers";
const client = join(checkout, "dist/bin/terrarium");

/** A helper that was started by somebody else, dies under the editor's views, and comes back or does not. */
describe("The helper that the settings name", () => {
  let workbench: Workbench;
  let helper: ChildProcess;
  const folder = mkdtempSync(join(tmpdir(), "terrarium-helper-"));
  const socket = join(folder, "helper.sock");
  const step = makeSteps(() => workbench);

  before(async () => {
    helper = startHelper();
    await terrarium("run", "-d", "--name", "tern", "--", "sleep", "3000");
    workbench = await Workbench.open({ "terrarium.helper": socket });
  });

  after(async () => {
    await workbench?.close();
    await kill();
    await terrarium("rm", "-f", "tern", "plover").catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  });

  step("serves the views, and the status bar says why it does", "95-helper-socket", async () => {
    await workbench.openTerrarium();
    await workbench.expandRow(await workbench.findRow(sandboxes, /^tern.*running/));
    await workbench.expandRow(await workbench.findRow(sandboxes, /^Namespaces/));
    await inner();
    await workbench.statusItem().click();
    await workbench.page.getByPlaceholder(/root.*: the settings name it/).waitFor();
    await workbench.page.keyboard.press("Escape");
  });

  step("is found again after it was killed, and rows stay open", "96-helper-again", async () => {
    await kill();
    helper = startHelper();
    await terrarium("run", "-d", "--name", "plover", "--", "sleep", "3000");
    await workbench.row(sandboxes, /^plover.*running/).waitFor();
    await inner();
  });

  step("is refused where it is of another version, for an upgrade", "97-helper-other", async () => {
    await kill();
    helper = startHelper(otherVersion(folder));
    await untilWarned(/Upgrade Privileged Helper….*another version than this extension/);
    await inner();
  });

  step("and the editor's own serves where it is gone, which is said", "98-helper-own", async () => {
    await kill();
    process.kill(helperBelow(workbench.folder), "SIGKILL");
    await untilWarned(/No helper that can be believed answers on its socket/);
    await terrarium("rm", "-f", "plover");
    await workbench.row(sandboxes, /^plover/).waitFor({ state: "detached" });
    await inner();
  });

  /** Below a row below a row. */
  function inner(): Promise<Locator> {
    return workbench.findRow(sandboxes, /^net\s*\d+.*own/);
  }

  /** By the mark in the status bar, and the first line behind it. */
  async function untilWarned(words: RegExp): Promise<void> {
    await workbench.until(`${words}`, async () => {
      if ((await workbench.statusItem().locator(".codicon-warning").count()) === 0)
        return undefined;
      await workbench.statusItem().click();
      const isSaid = await workbench.choice(words).isVisible();
      await workbench.page.keyboard.press("Escape");
      return isSaid || undefined;
    });
  }

  function startHelper(program = client): ChildProcess {
    return spawn(process.execPath, [program, "helper", "--socket", socket], { stdio: "ignore" });
  }

  async function kill(): Promise<void> {
    const ended = once(helper, "exit");
    if (helper.kill("SIGKILL")) await ended;
  }
});

/** The same build, which calls itself another. */
function otherVersion(folder: string): string {
  const distribution = join(folder, "other/dist");
  for (const part of ["bin", "native/launcher", "native/koffi.node", "native/follow"])
    cpSync(join(checkout, "dist", part), join(distribution, part), { recursive: true });
  const text = JSON.stringify({ type: "commonjs", version: "9.9.9" });
  writeFileSync(join(distribution, "package.json"), text);
  return join(distribution, "bin/terrarium");
}

async function terrarium(...words: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [client, ...words]);
}
