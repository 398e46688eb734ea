import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe } from "node:test";
import { promisify } from "node:util";
import type { FrameLocator, Locator } from "playwright-core";
import type { LimitsReport } from "../../helper/protocol/limitsReport.ts";
import { checkout } from "../rig/prepare.mjs";
import { findHelperBelow, helperBelow, isAlive } from "./kernel-facts.ts";
import { makeSteps } from "./steps.ts";
import { Workbench } from "./workbench.ts";

const name = "reef";
const limits = ["--cpus", "0.2", "-m", "64m", "--pids-limit", "50"];

describe("What one does with a panel", () => {
  let workbench: Workbench;
  let panel: FrameLocator;
  const step = makeSteps(() => workbench);

  before(async () => {
    workbench = await Workbench.open();
    await workbench.page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await terrarium(
      "run",
      "-d",
      "--name",
      name,
      ...limits,
      "--",
      "sh",
      "-c",
      "held=$(head -c 20m /dev/zero | tr '\\0' a); while :; do :; done",
    );
    await workbench.openTerrarium();
    const row = await workbench.findRow("Sandboxes & Containers", new RegExp(`^${name}`));
    await workbench.chooseFromContextMenu(row, "Open Limits");
    panel = workbench.webview();
    await field("Memory").waitFor();
  });

  after(async () => {
    await workbench?.close();
    // The last step has removed it.
    await terrarium("rm", "-f", name).catch(() => undefined);
  });

  step("copies the limits as flags of docker run", "40-panel-flags", async () => {
    await panel.getByRole("button", { name: "Copy as docker run Flags" }).click();
    const flags = await workbench.until("the clipboard", async () => {
      const text = await workbench.page.evaluate<string>("navigator.clipboard.readText()");
      return text.startsWith("--") ? text : undefined;
    });
    assert.match(
      flags,
      /--cpu-period 100000 --cpu-quota 20000 .*--memory 67108864 .*--pids-limit 50/,
    );
  });

  step("opens the file of a limit", "41-panel-file", async () => {
    await panel.getByRole("button", { name: "pids.max", exact: true }).click();
    await editorTab("pids.max").waitFor();
    const line = workbench.page.locator(".editor-container .view-line").first();
    await line.filter({ hasText: /^50$/ }).waitFor();
    await showPanel(name);
  });

  step("leads from a limit to the panel of the cgroup that sets it", "42-panel-above", async () => {
    const row = panel.locator("tr", { has: field("Processors") });
    const above = row.locator('[data-column="in force"]').getByRole("button");
    const title = await above.innerText();
    await above.click();
    await heading(title).waitFor();
    await tab("Limits", true).waitFor();
    assert.notEqual(await field("Processors").inputValue(), "");
    await showPanel(name);
  });

  step(
    "has a panel for a process: how much it uses of what its cgroup may",
    "43-panel-process",
    async () => {
      await tab("Processes").click();
      await panel.getByRole("button", { name: "sh", exact: true }).first().click();
      await heading(/^sh \d+$/).waitFor();
      await panel.getByText(/^memory .* of 64 MB · cpu \d+ % of 20 %$/).waitFor();
      await tab("Limits").click();
      await panel.getByText("The kernel limits cgroups").waitFor();
      assert.equal(await field("Processes").inputValue(), "50");
    },
  );

  step("has a panel for a plain cgroup", "44-panel-cgroup", async () => {
    await openCgroup(dirname(await fileOf("memoryBytes")));
    await panel.getByText(/^memory .* of 64 MB/).waitFor();
    assert.equal(await field("Memory").inputValue(), "64m");
    assert.equal(await tab("Isolation").count(), 0);
  });

  step("changes and undoes a limit by the keyboard alone", "45-panel-keyboard", async () => {
    await showPanel(name);
    const { keyboard } = workbench.page;
    const file = await fileOf("pidsMax");
    await tab("Processes").focus();
    await keyboard.press("ArrowLeft");
    await tab("Limits", true).waitFor();
    await tabTo(field("Processes"));
    // Tab selects what is in a field. Control+A goes to the editor around the page, which selects some time later.
    await keyboard.type("40");
    await keyboard.press("Enter");
    await panel.getByRole("status").filter({ hasText: "Changed: Processes" }).waitFor();
    assert.equal(readFileSync(file, "utf8"), "40\n");
    await tabTo(panel.getByRole("button", { name: "Undo Last Change" }));
    await keyboard.press("Enter");
    await workbench.until("the limit of before", async () => {
      return readFileSync(file, "utf8") === "50\n" || undefined;
    });
  });

  for (const [format, first] of [
    ["CSV", '"time",'],
    ["PNG", "\u0089PNG"],
  ] as const) {
    step(`saves its graphs as ${format} where the user says`, `46-panel-${format}`, async () => {
      const path = join(workbench.workspace, `reef-saved.${format.toLowerCase()}`);
      await tab("Usage").click();
      await panel.getByRole("region", { name: "CPU" }).locator("canvas").waitFor();
      await panel.getByRole("button", { name: `Export ${format}…` }).click();
      await workbench.page.locator(".quick-input-title", { hasText: "Export Usage" }).waitFor();
      const input = workbench.page.locator(".quick-input-widget input");
      await workbench.until("the name that is offered", async () => {
        return (
          (await input.inputValue()).endsWith(`/reef-usage.${format.toLowerCase()}`) || undefined
        );
      });
      await input.fill(path);
      await workbench.page.keyboard.press("Enter");
      const content = await workbench.until("the file", async () => contentOf(path));
      assert.ok(content.startsWith(first), content.slice(0, 40));
    });
  }

  for (const { title, text, says } of [
    { title: "Processors", text: "77", says: /77 cannot be had/ },
    { title: "Memory", text: "8m", says: /in use/ },
  ]) {
    step(`says beside ${title} why it is refused, and keeps it`, `47-panel-${title}`, async () => {
      await tab("Limits").click();
      const before = await field(title).inputValue();
      await field(title).fill(text);
      await field(title).press("Enter");
      const row = panel.locator("tr", { has: field(title) });
      await row.locator(".error").filter({ hasText: says }).waitFor();
      await panel
        .getByRole("alert")
        .filter({ hasText: `${title} was refused` })
        .waitFor();
      assert.equal(await field(title).inputValue(), text);
      await row.getByRole("button", { name: /^Undo/ }).click();
      assert.equal(await field(title).inputValue(), before);
    });
  }

  step(
    "keeps what was typed when the helper ends, and goes on with the next",
    "48-panel-helper",
    async () => {
      await field("Processes").fill("45");
      const killed = helperBelow(workbench.folder);
      process.kill(killed, "SIGKILL");
      await problem(/The helper has ended/).waitFor();
      await workbench.picture("48-panel-helper-gone");
      await workbench.until("another helper", async () => {
        const next = findHelperBelow(workbench.folder);
        return (!isAlive(killed) && next !== undefined && next !== killed) || undefined;
      });
      await problem(/./).waitFor({ state: "hidden" });
      assert.equal(await field("Processes").inputValue(), "45");
      await field("Processes").press("Enter");
      await panel.getByRole("status").filter({ hasText: "Changed: Processes" }).waitFor();
      assert.equal(readFileSync(await fileOf("pidsMax"), "utf8"), "45\n");
      await tab("Usage").click();
      await panel.getByText(/cpu \d+ % of 20 %/).waitFor();
    },
  );

  step("stands beside another panel, and both go on", "49-panel-two", async () => {
    await workbench.runCommand("View: Move Editor into Right Group");
    await workbench.page.locator(".tabs-container .tab", { hasText: /^sh \d+/ }).click();
    await bothShow(/cpu \d+ % of 20 %/);
  });

  step("is there again after a reload, each with its own subject", "50-panel-reload", async () => {
    await workbench.reloadWindow();
    await bothShow(/cpu \d+ % of 20 %/);
    await workbench.runCommand("View: Single Column Editor Layout");
    await showPanel(name);
  });

  step("says that its subject is gone, and keeps what was typed", "51-panel-gone", async () => {
    await tab("Limits").click();
    await field("Processes").fill("46");
    await terrarium("rm", "-f", name);
    await panel.getByText("ended", { exact: true }).waitFor();
    await problem(/There is no sandbox/).waitFor();
    assert.equal(await field("Processes").inputValue(), "46");
  });

  function problem(words: RegExp): Locator {
    return panel.locator(".problem").filter({ hasText: words });
  }

  /** One of the sandbox, one of its process, side by side. */
  async function bothShow(figure: RegExp): Promise<void> {
    const frames = [workbench.webview(0), workbench.webview(1)];
    for (const frame of frames) await frame.getByText(figure).waitFor();
    const titles = frames.map((frame) => frame.getByRole("heading", { level: 1 }).innerText());
    const [first = "", second = ""] = (await Promise.all(titles)).sort();
    assert.equal(first, name);
    assert.match(second, /^sh \d+$/);
  }

  function tab(title: string, selected?: true): Locator {
    return panel.getByRole("tab", { name: title, ...(selected && { selected }) });
  }

  function field(label: string): Locator {
    return panel.getByRole("textbox", { name: label, exact: true });
  }

  function heading(title: string | RegExp): Locator {
    return panel.getByRole("heading", { name: title, level: 1 });
  }

  function editorTab(title: string): Locator {
    return workbench.page.getByRole("tab", { name: title });
  }

  async function showPanel(title: string): Promise<void> {
    await workbench.page.locator(".tabs-container .tab", { hasText: title }).first().click();
    await heading(title).waitFor();
  }

  /** As somebody without a mouse does; a form's fields are some forty. */
  async function tabTo(wanted: Locator): Promise<void> {
    for (let steps = 0; steps < 200; steps += 1) {
      if (await wanted.evaluate((one) => one.matches(":focus"))) return;
      await workbench.page.keyboard.press("Tab");
    }
    throw new Error("Tab does not lead there");
  }

  /** From the palette: the tree of this machine's cgroups is long. */
  async function openCgroup(directory: string): Promise<void> {
    const { page } = workbench;
    await workbench.beginCommand("Terrarium: Open Limits");
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "Cgroup…" }).click();
    await page.locator(".quick-input-widget input").fill(directory);
    await page.keyboard.press("Enter");
    await field("Memory").waitFor();
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

/** Undefined while it is not there, or empty. */
function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1") || undefined;
  } catch {
    return undefined;
  }
}
