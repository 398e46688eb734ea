import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import type { PanelTab } from "../../helper/protocol/panel.ts";
import { limitsOf, makeCgroup } from "../kernel/cgroup-limits.ts";
import { uniqueName } from "../kernel/cli.ts";
import { needsRoot } from "../kernel/isolated.ts";
import { launchBrowser } from "../rig/browser.ts";
import { openPanelPage } from "../rig/panel-page.ts";

/** Control characters, and those that reorder a line (CVE-2021-42574). */
const steering = /[\p{C}\p{Zl}\p{Zp}]/u;

/** What the page says, and every attribute of it. */
const allTexts = `[
  document.body.innerText,
  ...[...document.querySelectorAll("*")].flatMap((one) => [...one.attributes].map(({ value }) => value)),
]`;

describe("The panel of a cgroup whose name wants to steer", needsRoot, () => {
  let browser: Browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser.close());

  it("shows no such character, in no text and no tooltip", async (t) => {
    const path = `${uniqueName()}-\u001b[2J\u202egnp.exe<img src=x>`;
    makeCgroup(t, path, "cpu", "memory", "pids");
    const report = await limitsOf(`/${path}`);
    assert.ok(
      report.rows.some(({ file = "" }) => steering.test(file)),
      "a file is told as it is",
    );
    const { page, complaints, post } = await openPanelPage(browser);
    t.after(() => page.close());
    const tabs: readonly PanelTab[] = ["limits"];
    const subject = { kind: "cgroup", target: `/${path}`, title: report.title } as const;
    const limits = { report, answers: 0, canUndo: false };
    await post({ type: "snapshot", snapshot: { subject, tabs, limits } });
    await post({ type: "tab", tab: "limits" });
    await page.getByText("pids.max", { exact: true }).waitFor();
    const shown = await page.evaluate<readonly string[]>(allTexts);
    assert.deepEqual(
      shown.filter((text) => steering.test(text.replace(/[\n\t]/g, ""))),
      [],
    );
    assert.equal(await page.locator("img").count(), 0);
    assert.deepEqual(complaints, []);
  });
});
