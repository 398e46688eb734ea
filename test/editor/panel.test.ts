import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { after, before, describe, type TestContext } from "node:test";
import { promisify } from "node:util";
import type { FrameLocator, Locator } from "playwright-core";
import type { LimitsReport } from "../../helper/protocol/limitsReport.ts";
import { checkout } from "../rig/prepare.mjs";
import { helperBelow, isAlive, readCalls } from "./kernel-facts.ts";
import { makeSteps } from "./steps.ts";
import { Workbench } from "./workbench.ts";

const sandboxes = "Sandboxes & Containers";
const name = "lagoon";

/** What a program may call itself: the kernel keeps 15 characters of a name, and all of the arguments. */
const hostile = { command: "<img onerror=1>", argument: "<img src=x onerror=alert(1)>" };
const busyAndHostile = `
  printf '%s' '${hostile.command}' > /proc/self/comm
  sh -c 'printf "%s" "$0" > /proc/self/comm; while :; do :; done' '${hostile.command}' '${hostile.argument}' &
  sleep 600
`;

describe("The panel", () => {
  let workbench: Workbench;
  let panel: FrameLocator;
  const step = makeSteps(() => workbench);

  before(async () => {
    workbench = await Workbench.open();
    await terrarium("run", "-d", "--name", name, "-m", "64m", "--", "sh", "-c", busyAndHostile);
  });

  after(async () => {
    await terrarium("rm", "-f", name);
    await workbench?.close();
  });

  step("opens from a row of the tree, at its limits", "20-panel", async () => {
    await workbench.openTerrarium();
    const row = await workbench.findRow(sandboxes, /^lagoon.*running/);
    await workbench.chooseFromContextMenu(row, "Open Limits");
    panel = workbench.webview();
    await panel.getByRole("heading", { name, level: 1 }).waitFor();
    await tab("Limits", true).waitFor();
    await field("Memory").waitFor();
    assert.equal(await field("Memory").inputValue(), "64m");
    assert.equal(await field("CPU quota").inputValue(), "");
  });

  step("changes a limit on Enter, and the kernel throttles", "21-panel-throttled", async () => {
    const file = await fileOf("cpuQuotaUs");
    assert.equal(throttledPeriods(file), 0);
    await field("CPU quota").fill("20000");
    await workbench.picture("21-panel-edited");
    await field("CPU quota").press("Enter");
    await panel.getByRole("status").filter({ hasText: "Changed: CPU quota" }).waitFor();
    assert.equal(firstNumber(file), 20_000);
    await workbench.until("throttling", async () => throttledPeriods(file) > 0 || undefined);
    await panel.getByText(/cpu \d+ % of 20 %/).waitFor();
  });

  step("undoes the last change", "22-panel-undone", async () => {
    await press("Undo Last Change");
    await panel.getByRole("status").filter({ hasText: "Changed" }).waitFor({ state: "hidden" });
    assert.notEqual(firstNumber(await fileOf("cpuQuotaUs")), 20_000);
    assert.equal(await field("CPU quota").inputValue(), "");
  });

  step("changes a process's limit, and undoes that", "22-panel-open-files", async () => {
    const file = await fileOf("ulimitNofile");
    const before = openFiles(file);
    const [soft, hard] = before.split(":");
    assert.notEqual(soft, "64");
    await field("Open files").fill(`64:${hard}`);
    await field("Open files").press("Enter");
    await panel.getByRole("status").filter({ hasText: "Changed: Open files" }).waitFor();
    assert.equal(openFiles(file), `64:${hard}`);
    await press("Undo Last Change");
    await workbench.until("the old one", async () => openFiles(file) === before || undefined);
    await panel.getByRole("status").filter({ hasText: "Changed" }).waitFor({ state: "hidden" });
  });

  step("says beside the field what is wrong with a value", "23-panel-refused", async () => {
    const [quota, cpus] = [field("CPU quota"), field("Processors")];
    await quota.fill("5");
    await panel.getByText("It must be 1,000 microseconds or more").waitFor();
    assert.equal(await quota.getAttribute("aria-invalid"), "true");
    assert.equal(await button("Apply").isDisabled(), true);
    await panel.getByRole("button", { name: "Undo the edit of CPU quota" }).click();
    assert.equal(await quota.inputValue(), "");
    await cpus.fill("4000");
    await cpus.press("Enter");
    await panel
      .locator("tr", { has: cpus })
      .locator(".error")
      .filter({ hasText: "Processors" })
      .waitFor();
    assert.equal(await cpus.inputValue(), "4000");
  });

  step("keeps what was typed while it is hidden", "24-panel-drafts", async () => {
    await workbench.openFile("tides.mjs");
    await workbench.page.getByRole("tab", { name }).click();
    await field("Processors").waitFor();
    assert.equal(await field("Processors").inputValue(), "4000");
    await panel.getByRole("button", { name: "Undo the edit of Processors" }).click();
  });

  step("applies for a minute, and keeps on demand", "25-panel-trial", async () => {
    const file = await fileOf("pidsMax");
    await field("Processes").fill("77");
    await press("Apply for 60 s");
    await panel.getByText(/Put back in \d+ s unless kept/).waitFor();
    assert.equal(firstNumber(file), 77);
    await workbench.picture("25-panel-countdown");
    await press("Put Back Now");
    await workbench.until("no limit", async () => firstNumber(file) !== 77 || undefined);
    await field("Processes").fill("88");
    await press("Apply for 60 s");
    await press("Keep");
    await panel.getByText(/Put back in/).waitFor({ state: "hidden" });
    assert.equal(firstNumber(file), 88);
  });

  step(
    "changes a limit by the keyboard alone, without being open",
    "25-change-limits",
    async () => {
      const file = await fileOf("pidsMax");
      const row = await workbench.findRow(sandboxes, /^lagoon.*running/);
      await workbench.chooseFromContextMenu(row, "Change Limits…");
      await answer("Processes");
      await answer("66");
      const notice = workbench.notification(/Changed: Processes from 88 to 66/);
      await notice.waitFor();
      assert.equal(firstNumber(file), 66);
      await notice.getByRole("button", { name: "Undo" }).click();
      await workbench.until(
        "the limit of before",
        async () => firstNumber(file) === 88 || undefined,
      );
    },
  );

  step(
    "is there again after a reload, and what was on trial is put back",
    "26-panel-reloaded",
    async () => {
      const file = await fileOf("pidsMax");
      await field("Processes").fill("99");
      await press("Apply for 60 s");
      await panel.getByText(/Put back in/).waitFor();
      await workbench.page.reload();
      await tab("Limits", true).waitFor();
      await workbench.until(
        "the limit of before",
        async () => firstNumber(file) === 88 || undefined,
      );
      // Not the field: VS Code may have kept what stood in it some seconds before the reload.
      await inForce("Processes").getByText("88", { exact: true }).waitFor();
    },
  );

  step(
    "shows a process's name as text, whatever it calls itself",
    "27-panel-processes",
    async () => {
      await tab("Processes").click();
      const row = hostileRow();
      await row.getByRole("button", { name: hostile.command, exact: true }).waitFor();
      assert.equal(await panel.locator("img").count(), 0);
    },
  );

  step("kills a process with the signal that is chosen", "28-panel-killed", async () => {
    const row = hostileRow();
    const pid = Number(await row.getByRole("cell").nth(1).textContent());
    assert.ok(isAlive(pid));
    await row.getByRole("button", { name: "Kill" }).click();
    await workbench.page
      .locator(".quick-input-list .monaco-list-row", { hasText: "SIGKILL" })
      .click();
    await workbench.until("its end", async () => !isAlive(pid) || undefined);
    const number = panel.getByRole("cell", { name: `${pid}`, exact: true });
    await number.waitFor({ state: "detached" });
  });

  step("says whose each namespace is", "29-panel-namespaces", async () => {
    await tab("Processes").press("ArrowRight");
    await tab("Namespaces", true).waitFor();
    await panel.getByRole("row", { name: /pid.*own/ }).waitFor();
    await panel.getByRole("row", { name: /time.*shared with the host/ }).waitFor();
  });

  step("lists its mounts by what can be done there", "30-panel-mounts", async () => {
    await tab("Namespaces").press("ArrowRight");
    await panel.getByRole("heading", { name: /^Read-only/ }).waitFor();
    await panel.getByRole("row", { name: /^\/usr / }).waitFor();
  });

  step("reports what it can still see and do", "31-panel-isolation", async () => {
    await tab("Mounts").press("ArrowRight");
    await panel.getByRole("heading", { name: new RegExp(`What sandbox ${name}`) }).waitFor();
    const items = panel.getByRole("listitem");
    await items.filter({ hasText: "its own, " }).first().waitFor();
    const all = await items.count();
    await panel.getByRole("checkbox", { name: "Only what is not closed" }).check();
    await items.filter({ hasText: "its own, " }).first().waitFor({ state: "detached" });
    assert.ok((await items.count()) < all);
  });

  step(
    "asks before it changes a cgroup that Terrarium did not make",
    "32-panel-foreign",
    async (t) => {
      const directory = await makeForeignCgroup(t);
      await openCgroup(directory);
      const file = join(directory, "pids.max");
      await field("Processes").fill("11");
      await field("Processes").press("Enter");
      const question = workbench.dialog(/Change the limits of/);
      await question.waitFor();
      await workbench.picture("32-panel-foreign-question");
      assert.notEqual(firstNumber(file), 11);
      await question.getByRole("button", { name: "Change" }).click();
      await workbench.until("the kernel's file", async () => firstNumber(file) === 11 || undefined);
    },
  );

  step(
    "changes no other cgroup that took its place while the question was up",
    "32-panel-replaced",
    async (t) => {
      const directory = await makeForeignCgroup(t);
      await openCgroup(directory);
      // Its path had another one, whose panel is still there, and looks every two seconds.
      await workbench.until(
        "the panel has seen the new one",
        async () => (await field("Processes").inputValue()) === "" || undefined,
      );
      await field("Processes").fill("12");
      await field("Processes").press("Enter");
      const question = workbench.dialog(/Change the limits of/);
      await question.waitFor();
      rmdirSync(directory);
      mkdirSync(directory);
      // Longer than the pause between two looks of the panel: it has seen the other one.
      await workbench.page.waitForTimeout(2_500);
      await question.getByRole("button", { name: "Change" }).click();
      await panel.getByRole("alert").filter({ hasText: "is not what it was" }).waitFor();
      assert.notEqual(firstNumber(join(directory, "pids.max")), 12);
    },
  );

  step("asks the helper nothing while it is hidden", "33-panel-hidden", async () => {
    const helper = helperBelow(workbench.folder);
    const rests = async () => {
      const calls = readCalls(helper);
      // Longer than the pause between two looks of the panel.
      await workbench.page.waitForTimeout(2_500);
      return readCalls(helper) === calls;
    };
    await workbench.runCommand("View: Show Explorer");
    await workbench.until("the panel to look", async () => !(await rests()) || undefined);
    await workbench.openFile("tides.mjs");
    await workbench.until("the helper to rest", async () => (await rests()) || undefined);
  });

  /** The one of the loop: its parent's arguments hold the same text. */
  function hostileRow(): Locator {
    return panel.getByRole("row").filter({ hasText: hostile.argument }).last();
  }

  function tab(title: string, selected?: true): Locator {
    return panel.getByRole("tab", { name: title, ...(selected && { selected }) });
  }

  function field(label: string): Locator {
    return panel.getByRole("textbox", { name: label, exact: true });
  }

  function inForce(label: string): Locator {
    return panel.locator("tr", { has: field(label) }).locator('[data-column="in force"]');
  }

  function button(title: string): Locator {
    return panel.getByRole("button", { name: title, exact: true });
  }

  async function press(title: string): Promise<void> {
    await button(title).click();
  }

  /** Of a quick pick or an input box. */
  async function answer(text: string): Promise<void> {
    await workbench.page.locator(".quick-input-widget input").fill(text);
    await workbench.page.keyboard.press("Enter");
  }

  /** From the palette: the tree of this machine's cgroups is long. */
  async function openCgroup(directory: string): Promise<void> {
    const { page } = workbench;
    await workbench.runCommand("View: Show Explorer");
    await workbench.runCommand("Terrarium: Open Limits");
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "Cgroup…" }).click();
    await page.locator(".quick-input-widget input").fill(directory);
    await page.keyboard.press("Enter");
    await panel.getByRole("heading", { name: basename(directory), level: 1 }).waitFor();
    await tab("Limits", true).waitFor();
  }
});

async function terrarium(...words: readonly string[]): Promise<string> {
  const client = join(checkout, "dist", "bin", "terrarium");
  const { stdout } = await promisify(execFile)(process.execPath, [client, ...words]);
  return stdout;
}

/** The file that the helper says a limit stands in. */
async function fileOf(limit: string): Promise<string> {
  const report: LimitsReport = JSON.parse(await terrarium("limits", name, "--json"));
  return report.rows.find((row) => row.limit === limit)?.file ?? "";
}

/** NaN for `max`. */
function firstNumber(file: string): number {
  return Number(readFileSync(file, "utf8").split(/\s/)[0]);
}

/** As it is written in a field. */
function openFiles(file: string): string {
  const [, soft, hard] = /^Max open files +(\S+) +(\S+)/m.exec(readFileSync(file, "utf8")) ?? [];
  return `${soft}:${hard}`;
}

/** Beside Terrarium's own in the hierarchy of the pids controller. */
async function makeForeignCgroup(t: TestContext): Promise<string> {
  const directory = join(dirname(dirname(dirname(await fileOf("pidsMax")))), "tide-pool");
  mkdirSync(directory);
  t.after(() => rmdirSync(directory));
  return directory;
}

function throttledPeriods(file: string): number {
  const text = readFileSync(join(file, "..", "cpu.stat"), "utf8");
  return Number(/^nr_throttled (\d+)$/m.exec(text)?.[1]);
}
