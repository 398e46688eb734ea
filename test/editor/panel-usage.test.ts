import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import type { PanelSnapshot } from "../../helper/protocol/panel.ts";
import { violationsOf } from "../rig/accessibility.ts";
import { launchBrowser } from "../rig/browser.ts";
import { openPanelPage, type PanelPage } from "../rig/panel-page.ts";
import { themeNames } from "../rig/themes.ts";
import { firstSampleMs, sampleAt, samplesBefore } from "../rig/usage-samples.ts";

const isBlue = "blue > red + 80";
const minuteMs = 60_000;
const titles = ["CPU", "Memory", "Processes", "Disk", "Pressure", "Network"] as const;

const snapshot: PanelSnapshot = {
  subject: { kind: "sandbox", target: "web", title: "web" },
  tabs: ["usage", "limits", "events"],
  header: { state: "running", stateWords: "running", actions: ["enter", "stop"] },
};

describe("The Usage tab, with a target that has every figure", () => {
  let browser: Browser;
  let panel: PanelPage;

  before(async () => {
    browser = await launchBrowser();
  });

  after(() => browser?.close());

  beforeEach(async () => {
    panel = await openPanelPage(browser);
    await panel.post({ type: "snapshot", snapshot });
    await panel.post({ type: "usage", history: samplesBefore(minuteMs) });
  });

  afterEach(async () => {
    const { complaints } = panel;
    await panel.page.close();
    assert.deepEqual(complaints, []);
  });

  it("draws six graphs, each with its values as text", async () => {
    for (const title of titles) {
      await graph(title).locator("canvas").waitFor();
      assert.ok((await drawnPixels(title)) > 500, `${title} is drawn`);
    }
    const words = await graph("CPU").locator(".graph-figures").innerText();
    assert.match(words, /used\s+[\d.]+ %\s+throttled\s+40 %\s+limit\s+20 %/);
    assert.match(await graph("Memory").locator(".graph-figures").innerText(), /limit\s+128 MB/);
    assert.match(await graph("Disk").innerText(), /vda read\s+[\d.]+ [KM]B\/s/);
  });

  it("moves with a sample: the picture, the text, and in time the table for readers", async () => {
    const picture = await pixels("CPU");
    const row = graph("Processes").locator("tbody tr").first();
    const words = await row.innerText();
    await panel.post({ type: "usage", sample: sampleAt(minuteMs + 7_000) });
    assert.notEqual(await pixels("CPU"), picture);
    assert.notEqual(await row.innerText(), words);
    assert.match(await graph("Processes").locator("caption").innerText(), /the last minute/);
  });

  it("leaves a gap where nobody looked", async () => {
    await panel.post({ type: "usage", sample: sampleAt(minuteMs + 30_000) });
    // In its middle half: the picture now ends with the last sample.
    assert.equal(await drawnPixels("Processes", 0.6, 0.9, isBlue), 0);
    assert.ok((await drawnPixels("Processes", 0.2, 0.4, isBlue)) > 20);
  });

  it("says why there is nothing to draw", async () => {
    const { atMs, target, identity, cpu } = sampleAt(0);
    await panel.post({ type: "usage", history: [{ atMs, target, identity, cpu }] });
    await graph("Pressure").getByText("cgroup v1 has none").waitFor();
    await graph("Network").getByText("it shares the host's network").waitFor();
    assert.equal(await graph("Network").locator(".plot").isVisible(), false);
  });

  it("shows all values of one instant, by mouse and by keyboard", async () => {
    const plot = graph("CPU").locator(".u-over");
    const box = await plot.boundingBox();
    assert.ok(box);
    await panel.page.mouse.move(box.x + box.width / 2, box.y + 20);
    const instant = panel.page.locator(".instant");
    await instant.filter({ hasText: "at " }).waitFor();
    const half = sampleAt(minuteMs / 2 - 1_000);
    const words = await graph("Processes").locator(".value").first().innerText();
    assert.equal(words, `${half.pids?.current}`);
    await panel.page.mouse.move(box.x + box.width / 2, 5);
    await instant.filter({ hasText: /^$/ }).waitFor({ state: "attached" });

    const slider = panel.page.getByRole("slider", { name: "CPU: instant" });
    await slider.focus();
    await panel.page.keyboard.press("Home");
    await panel.page.keyboard.press("ArrowRight");
    assert.equal(await slider.getAttribute("aria-valuenow"), "1");
    assert.match(
      (await slider.getAttribute("aria-valuetext")) ?? "",
      /: used .* %, throttled 40 %/,
    );
    const second = await graph("Processes").locator(".value").first().innerText();
    assert.equal(second, `${sampleAt(1_000).pids?.current}`);
  });

  it("says what a figure means, at a hover or a focus, until Escape", async () => {
    await graph("CPU").getByRole("button", { name: /^used/ }).focus();
    await panel.page.keyboard.press("ArrowRight");
    const throttled = graph("CPU").getByRole("button", { name: /^throttled/ });
    assert.ok(await throttled.evaluate((one) => one.matches(":focus")));
    const tip = graph("CPU").getByRole("tooltip", { name: /quota periods/ });
    const words = graph("CPU").getByText("Of the quota periods");
    await words.waitFor();
    await panel.page.keyboard.press("Escape");
    await words.waitFor({ state: "hidden" });
    assert.equal(await tip.count(), 0);
  });

  it("hides a line, and shows it again", async () => {
    const shown = await pixels("Memory");
    const anon = graph("Memory").getByRole("button", { name: /^anonymous/ });
    await anon.click();
    assert.equal(await anon.getAttribute("aria-pressed"), "false");
    assert.notEqual(await pixels("Memory"), shown);
    await anon.click();
    assert.equal(await pixels("Memory"), shown);
  });

  it("holds still while it is paused, and misses nothing", async () => {
    await panel.page.getByRole("button", { name: "Pause", exact: true }).click();
    const picture = await pixels("CPU");
    await panel.post({ type: "usage", sample: sampleAt(minuteMs) });
    assert.equal(await pixels("CPU"), picture);
    await panel.page.getByRole("button", { name: "Resume", exact: true }).click();
    assert.notEqual(await pixels("CPU"), picture);
  });

  it("does no work while another tab is shown", async () => {
    await inCanvas("CPU", "globalThis.hiddenCanvas = canvas;");
    const hiddenPixels = () => panel.page.evaluate("hiddenCanvas.toDataURL()");
    const picture = await hiddenPixels();
    await panel.page.getByRole("tab", { name: "Limits" }).click();
    await panel.post({ type: "usage", sample: sampleAt(minuteMs) });
    assert.equal(await hiddenPixels(), picture);
  });

  it("exports what is in sight as CSV and PNG", async () => {
    await panel.page.getByRole("button", { name: "Export CSV…" }).click();
    await panel.page.getByRole("button", { name: "Export PNG…" }).click();
    const [csv, png] = panel.requests.filter(({ type }) => type === "export");
    assert.ok(csv?.type === "export" && png?.type === "export");
    const lines = csv.content.trimEnd().split("\r\n");
    assert.equal(lines.length, 61);
    assert.ok(lines[1]?.startsWith(new Date(firstSampleMs).toISOString()));
    const bytes = Buffer.from(png.content, "base64");
    assert.deepEqual([...bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    assert.ok(bytes.length > 10_000);
  });

  it("takes the theme's colours, at once when another is chosen, and passes axe in each", async () => {
    const pictures = new Set<string>();
    for (const theme of themeNames) {
      await panel.setTheme(theme);
      await nextFrame();
      pictures.add(await pixels("Memory"));
      assert.deepEqual(await violationsOf(panel.page), [], theme);
    }
    assert.equal(pictures.size, themeNames.length);
  });

  it("fits into a narrow column and a large text", async () => {
    await panel.page.setViewportSize({ width: 360, height: 700 });
    await panel.page.evaluate(
      `document.documentElement.style.setProperty("--vscode-font-size", "26px")`,
    );
    await nextFrame();
    await nextFrame();
    const overflow = "document.documentElement.scrollWidth - innerWidth";
    assert.equal(await panel.page.evaluate(overflow), 0);
  });

  /** After what a change of the page's style or size has set going. */
  function nextFrame(): Promise<void> {
    return panel.page.evaluate("new Promise((done) => void requestAnimationFrame(() => done()))");
  }

  function graph(title: string): Locator {
    return panel.page.getByRole("region", { name: title, exact: true });
  }

  /** Runs in the page: `canvas` is the one of the graph. */
  function inCanvas<T>(title: string, script: string): Promise<T> {
    const found = `document.querySelector('[aria-label="${title}"] canvas')`;
    return panel.page.evaluate(`((canvas) => { ${script} })(${found})`);
  }

  function pixels(title: string): Promise<string> {
    return inCanvas(title, "return canvas.toDataURL();");
  }

  /** How many pixels between two parts of the width are drawn, or drawn in blue, as the first line is. */
  function drawnPixels(title: string, from = 0, till = 1, isDrawn = "true"): Promise<number> {
    const script = `
      const left = Math.floor(canvas.width * ${from});
      const width = Math.floor(canvas.width * ${till}) - left;
      const { data } = canvas.getContext("2d").getImageData(left, 0, width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) {
        const [red, green, blue, alpha] = data.slice(at, at + 4);
        if (alpha > 128 && ${isDrawn}) count += 1;
      }
      return count;`;
    return inCanvas(title, script);
  }
});
