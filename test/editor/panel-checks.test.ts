import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import type { FrameLocator, Locator } from "playwright-core";
import { missedByTab, violationsOf } from "../rig/accessibility.ts";
import { checkout } from "../rig/prepare.mjs";
import { themeFacts, themeNames, themeTitles } from "../rig/themes.ts";
import { Workbench } from "./workbench.ts";

const name = "estuary";
/** Each tab with something that stands there once it has been read. */
const contents = {
  Usage: "limit 64 MB",
  Limits: "CPU quota",
  Processes: "sh",
  Namespaces: "user",
  Mounts: "/proc",
  Isolation: "clock",
  Events: "Throttled",
} as const;
type TabName = keyof typeof contents;
const tabs = Object.keys(contents) as readonly TabName[];
const quota = ["--cpu-period", "100000", "--cpu-quota", "20000", "-m", "64m", "--pids-limit", "50"];
/** It waits for a file, and then wants all of a processor. */
const work = "until [ -e /tmp/go ]; do sleep 0.1; done; while :; do :; done";

describe("The whole panel, in the real editor", () => {
  let workbench: Workbench;
  let panel: FrameLocator;
  let page: Locator;
  const refusals: string[] = [];

  before(async () => {
    workbench = await Workbench.open();
    workbench.page.on("console", (message) => {
      if (/Content Security Policy/i.test(message.text())) refusals.push(message.text());
    });
    await terrarium("run", "-d", "--name", name, ...quota, "--", "sh", "-c", work);
    await workbench.openTerrarium();
    const row = await workbench.findRow("Sandboxes & Containers", new RegExp(`^${name}`));
    await workbench.chooseFromContextMenu(row, "Open Panel");
    panel = workbench.webview();
    page = panel.locator("html");
    await panel.getByRole("region", { name: "CPU" }).waitFor();
  });

  after(async () => {
    await terrarium("rm", "-f", name);
    await workbench?.close();
  });

  it("shows a load inside the sandbox: the picture moves, the figures rise to the limit", async () => {
    await workbench.until("a quiet minute", async () => ((await used()) < 5 ? true : undefined));
    const picture = await cpuPixels();
    await workbench.picture("panel-usage-quiet");
    // From where it pointed at an instant: then the figures are that one's.
    await workbench.page.mouse.move(200, 400);
    await terrarium("exec", name, "--", "touch", "/tmp/go");
    await workbench.until("the limit", async () => ((await used()) > 15 ? true : undefined));
    assert.notEqual(await cpuPixels(), picture);
    const words = await panel.getByRole("region", { name: "CPU" }).innerText();
    assert.match(words, /throttled\s+\d+ %\s+limit\s+20 %/);
    assert.match(await panel.getByRole("region", { name: "Memory" }).innerText(), /limit\s+64 MB/);
    await workbench.picture("panel-usage-busy");
  });

  for (const theme of themeNames) {
    it(`passes axe on every tab, ${themeTitles[theme]}`, async () => {
      await workbench.chooseTheme(themeTitles[theme]);
      const [kind = ""] = themeFacts(theme).bodyClass.split(" ");
      await panel.locator(`body.${kind}`).waitFor();
      for (const tab of tabs) {
        await show(tab);
        await workbench.picture(`panel-${tab.toLowerCase()}-${theme}`);
        assert.deepEqual(await violationsOf(page), [], `${tab}, ${theme}`);
      }
    });
  }

  it("can be walked through by Tab on every tab, and shows where one is", async () => {
    await show("Usage");
    for (const [place, tab] of tabs.entries()) {
      await panel.getByRole("tab", { name: tab }).focus();
      const missed = await missedByTab(page, () => workbench.page.keyboard.press("Tab"));
      // The header's buttons stand before the row of tabs.
      const before = await panel.locator("header button").allInnerTexts();
      assert.deepEqual(
        missed.filter((one) => !before.includes(one)),
        [],
        tab,
      );
      await panel.getByRole("tab", { name: tab }).focus();
      await workbench.page.keyboard.press("ArrowRight");
      const next = tabs[(place + 1) % tabs.length] ?? "Usage";
      await panel.getByRole("tab", { name: next, selected: true }).waitFor();
    }
  });

  it("kept to its content security policy all the time", () => {
    assert.deepEqual(refusals, []);
  });

  async function show(tab: TabName): Promise<void> {
    await panel.getByRole("tab", { name: tab }).click();
    const content = panel.getByRole("tabpanel", { name: tab });
    await workbench.until(`${contents[tab]} in ${tab}`, async () => {
      const words = (await content.innerText()).replaceAll(/\s+/g, " ");
      return words.includes(contents[tab]) || undefined;
    });
  }

  /** The percentage beside the line "used". */
  async function used(): Promise<number> {
    const words = await panel.getByRole("button", { name: /^used/ }).first().innerText();
    return Number.parseFloat(/([\d.]+) %/.exec(words)?.[1] ?? "NaN");
  }

  function cpuPixels(): Promise<string> {
    return page.evaluate(`document.querySelector('[aria-label="CPU"] canvas').toDataURL()`);
  }
});

function terrarium(...words: readonly string[]): Promise<unknown> {
  const client = join(checkout, "dist", "bin", "terrarium");
  return promisify(execFile)(process.execPath, [client, ...words]);
}
