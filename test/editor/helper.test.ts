import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { promisify } from "node:util";
import { checkout } from "../rig/prepare.mjs";
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
    await inner().waitFor();
    await workbench.statusItem().click();
    await workbench.page.getByPlaceholder(/root.*: the settings name it/).waitFor();
    await workbench.page.keyboard.press("Escape");
  });

  step("is found again after it was killed, and rows stay open", "96-helper-again", async () => {
    await kill();
    helper = startHelper();
    await terrarium("run", "-d", "--name", "plover", "--", "sleep", "3000");
    await workbench.row(sandboxes, /^plover.*running/).waitFor();
    await inner().waitFor();
  });

  step(
    "gives way to the editor's own where it is gone, which is said",
    "97-helper-own",
    async () => {
      await kill();
      await workbench.until("the warning", async () => {
        return (await workbench.statusItem().locator(".codicon-warning").count()) > 0 || undefined;
      });
      await workbench.statusItem().click();
      await workbench.choice(/No helper that can be believed answers on its socket/).waitFor();
      await workbench.page.keyboard.press("Escape");
      await terrarium("rm", "-f", "plover");
      await workbench.row(sandboxes, /^plover/).waitFor({ state: "detached" });
      await inner().waitFor();
    },
  );

  /** Below a row below a row. */
  function inner() {
    return workbench.row(sandboxes, /^net\s*\d+.*own/);
  }

  function startHelper(): ChildProcess {
    return spawn(process.execPath, [client, "helper", "--socket", socket], { stdio: "ignore" });
  }

  async function kill(): Promise<void> {
    const ended = once(helper, "exit");
    if (helper.kill("SIGKILL")) await ended;
  }
});

async function terrarium(...words: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [client, ...words]);
}
