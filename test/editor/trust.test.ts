import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { promisify } from "node:util";
import type { SandboxDetails, SandboxSummary } from "../../helper/protocol/inventory.ts";
import { checkout } from "../rig/prepare.mjs";
import { namespaceLink } from "./kernel-facts.ts";
import { makeSteps } from "./steps.ts";
import { Workbench } from "./workbench.ts";

/** VS Code itself asks before any terminal of such a folder, unless the user says that theirs do no harm. */
const trustOn = {
  "terminal.integrated.allowInUntrustedWorkspace": true,
  "security.workspace.trust.enabled": true,
  "security.workspace.trust.startupPrompt": "never",
  "security.workspace.trust.banner": "never",
};
const command = "Terrarium: New Sandboxed Terminal";
const question = "This folder is not trusted, and asks for more than you allow.";

/** A folder that somebody cloned, with a sandbox.json of whoever wrote it. */
describe("In a folder that is not trusted", () => {
  let workbench: Workbench;
  const step = makeSteps(() => workbench);

  before(async () => {
    workbench = await Workbench.open({
      ...trustOn,
      "terrarium.sandboxDefaults": { limits: { pids: 100 } },
    });
  });

  after(() => workbench?.close());

  step("its sandbox.json may take away from the user's settings", "98-narrower", async () => {
    write({ limits: { pids: 50, memory: "64m" }, network: { mode: "none" } });
    await workbench.openTerminal(() => workbench.beginCommand(command));
    await workbench.waitForText(/[$#] ?$/m);
    const { spec } = await newest();
    assert.deepEqual(spec.limits, { pidsMax: 50, memoryBytes: 64 * 1024 ** 2 });
    assert.equal(spec.workspace, workbench.workspace);
  });

  step("what it asks for beyond them is said, and not done", "99-wider", async () => {
    const before = (await sandboxes()).length;
    write({ network: { mode: "host" }, passEnv: ["AWS_SECRET"], limits: { pids: 200 } });
    await workbench.beginCommand(command);
    const dialog = workbench.dialog(question);
    await dialog.waitFor();
    await workbench.picture("99-wider-question");
    const words = (await dialog.textContent()) ?? "";
    assert.match(words, /has a network: host/);
    assert.match(words, /is given your variables: AWS_SECRET/);
    assert.match(words, /sets a limit more widely than you: Processes/);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "detached" });
    assert.equal((await sandboxes()).length, before);
  });

  step("a terminal is to be had without it, as the settings say", "99-without", async () => {
    await workbench.openTerminal(async () => {
      await workbench.beginCommand(command);
      await workbench.dialog(question).getByRole("button", { name: "Open Without It" }).click();
    });
    await workbench.waitForText(/[$#] ?$/m);
    const { spec, pid = 0 } = await newest();
    assert.deepEqual([spec.limits, spec.network], [{ pidsMax: 100 }, undefined]);
    assert.notEqual(namespaceLink(pid, "net"), namespaceLink("self", "net"));
  });

  step("trusting it is the way on", "99-trust", async () => {
    await workbench.beginCommand(command);
    await workbench.dialog(question).getByRole("button", { name: "Manage Trust" }).click();
    await workbench.page.getByText("You are in Restricted Mode").first().waitFor();
  });

  function write(file: object): void {
    writeFileSync(join(workbench.workspace, "sandbox.json"), JSON.stringify(file));
  }

  async function newest(): Promise<SandboxDetails> {
    const own = await sandboxes();
    const [last] = own.sort((a, b) => b.createdAtMs - a.createdAtMs);
    return json(["inspect", last?.id ?? ""]);
  }
});

function sandboxes(): Promise<SandboxSummary[]> {
  return json(["ps", "-a"]);
}

async function json<T>(words: readonly string[]): Promise<T> {
  const command = [join(checkout, "dist/bin/terrarium"), ...words, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  return JSON.parse(stdout);
}
