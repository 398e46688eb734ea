import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, before, describe } from "node:test";
import type { Locator } from "playwright-core";
import { makeSteps } from "./steps.ts";
import { Workbench } from "./workbench.ts";

const setting = "/proc/sys/dev/tty/legacy_tiocsti";
const written = "/etc/sysctl.d/60-terrarium-dev-tty-legacy-tiocsti.conf";
const amiss = /^▲ typing into terminals\n.*1, any program may/m;
const fine = /^✓ typing into terminals: 0/m;

/** What the doctor mends here is a setting of the kernel that harms nobody while the test has it wrong. */
describe("The doctor in the workbench", { skip: whyNot() ?? false }, () => {
  let workbench: Workbench;
  const step = makeSteps(() => workbench);
  let found: string;

  before(async () => {
    found = readSetting();
    writeFileSync(setting, "1");
    workbench = await Workbench.open();
  });

  after(async () => {
    await workbench?.close();
    writeFileSync(setting, found);
    rmSync(written, { force: true });
  });

  step("reports what it tried, and puts the fix above what is amiss", "90-doctor", async () => {
    await workbench.runCommand("Terrarium: Run Doctor");
    await untilReport(amiss);
    await workbench.lens("Look Again").waitFor();
    await fix().waitFor();
  });

  step("runs nothing when its question is dismissed", "91-doctor-cancel", async () => {
    await fix().click();
    const question = workbench.dialog("dev.tty.legacy_tiocsti");
    await question.getByText("sudo sh -c").waitFor();
    await question.getByRole("button", { name: "Cancel" }).click();
    await question.waitFor({ state: "detached" });
    assert.deepEqual([readSetting(), await workbench.terminalCount()], ["1", 0]);
  });

  step("runs what it showed in a terminal, and looks again", "92-doctor-fix", async () => {
    await fix().click();
    const question = workbench.dialog("dev.tty.legacy_tiocsti");
    await question.getByRole("button", { name: "Run in Terminal" }).click();
    await workbench.waitForText(/^\$ sudo sh -c .*legacy_tiocsti=0/m);
    await workbench.waitForText(/Press Enter to look again\./);
    assert.equal(readSetting(), "0");
    await workbench.press("Enter");
    await untilReport(fine);
    await fix().waitFor({ state: "detached" });
  });

  function fix(): Locator {
    return workbench.lens("Run Fix in Terminal…");
  }

  async function untilReport(pattern: RegExp): Promise<void> {
    await workbench.until(`a report with ${pattern}`, async () => {
      return pattern.test(await workbench.documentText()) || undefined;
    });
  }
});

function readSetting(): string {
  return readFileSync(setting, "utf8").trim();
}

function whyNot(): string | undefined {
  try {
    writeFileSync(setting, readSetting());
    return undefined;
  } catch (error) {
    return `needs to write ${setting}: ${error instanceof Error ? error.message : error}`;
  }
}
