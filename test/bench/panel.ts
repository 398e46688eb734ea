import { execFile } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { CDPSession, Locator } from "playwright-core";
import { helperBelow } from "../editor/kernel-facts.ts";
import { Workbench } from "../editor/workbench.ts";
import { checkout } from "../rig/prepare.mjs";
import { sampleAt } from "../rig/usage-samples.ts";
import { type Contest, median } from "./contest.ts";
import { processorMs } from "./processor.ts";

const name = "bench-panel";
const openings = 5;
const rounds = 6;
const roundMs = 5_000;
const everyMs = 500;

const paintBarMs = 200;
const rendererBarPercent = 2;
const bundleBarKiB = 150;

/** The panel in the real editor: until it is painted, what its graphs cost while they move, what it loads. */
export async function panel(): Promise<readonly Contest[]> {
  const workbench = await Workbench.open();
  try {
    await terrarium("run", "-d", "--name", name, "--", "sleep", "600");
    await workbench.openTerrarium();
    const page = await openPanel(workbench);
    const paints = [await firstPaint(page)];
    for (let opening = 1; opening < openings; opening++) {
      await workbench.runCommand("View: Close Editor");
      paints.push(await firstPaint(await openPanel(workbench)));
    }
    const helper = helperBelow(workbench.folder);
    const [beforeMs, begunMs] = [processorMs(helper), performance.now()];
    const percent = await costOfGraphs(workbench, page);
    const ofHelper = (100 * (processorMs(helper) - beforeMs)) / (performance.now() - begunMs);
    return [
      row("first paint of the panel", "ms", median(paints), paintBarMs),
      row("six graphs at 2 Hz, of one core in the renderer", "%", percent, rendererBarPercent),
      {
        ...row("all that the helper does for it and the trees, of one core", "%", ofHelper, 100),
        peer: "one core",
        bar: undefined,
      },
      row("what the panel loads", "KiB", bundleKiB(), bundleBarKiB),
    ];
  } finally {
    await terrarium("rm", "-f", name).catch(() => undefined);
    await workbench.close();
  }
}

function row(work: string, unit: Contest["unit"], ours: number, theirs: number): Contest {
  return { work, unit, ours, theirs, peer: "the bar", bar: 1 };
}

function terrarium(...words: readonly string[]): Promise<unknown> {
  const client = join(checkout, "dist", "bin", "terrarium");
  return promisify(execFile)(process.execPath, [client, ...words]);
}

/** The root element of the panel's page; all in it can be reached from there. */
async function openPanel(workbench: Workbench): Promise<Locator> {
  const row = await workbench.findRow("Sandboxes & Containers", new RegExp(`^${name}`));
  await workbench.chooseFromContextMenu(row, "Open Panel");
  const panel = workbench.webview();
  await panel.getByRole("region", { name: "CPU" }).waitFor();
  return panel.locator("html");
}

/** From the navigation of the page's own frame on: what VS Code does before is not ours. */
function firstPaint(page: Locator): Promise<number> {
  return page.evaluate(
    `performance.getEntriesByName("first-contentful-paint").map(({ startTime }) => startTime)[0]`,
  );
}

/**
 * The renderer is the workbench's too, so that rounds with moving graphs and without take turns, and the
 * difference is theirs. The page is given a target that has every figure, in place of the real one.
 */
async function costOfGraphs(workbench: Workbench, page: Locator): Promise<number> {
  await page.evaluate(feedScript);
  const session = await workbench.page.context().newCDPSession(workbench.page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const [moving, still]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    await page.evaluate("startFeed()");
    moving.push(await busyPercent(session, workbench));
    await page.evaluate("stopFeed()");
    still.push(await busyPercent(session, workbench));
  }
  return median(moving.map((percent, round) => percent - (still[round] ?? 0)));
}

/** Processor time of the main thread, for scripts, styles, layout and painting: waiting for a busy machine is none. */
async function busyPercent(session: CDPSession, workbench: Workbench): Promise<number> {
  const before = await taskSeconds(session);
  await workbench.page.waitForTimeout(roundMs);
  return ((await taskSeconds(session)) - before) * (100_000 / roundMs);
}

async function taskSeconds(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find((metric) => metric.name === "TaskDuration")?.value ?? Number.NaN;
}

const seen = 120;
const samples = Array.from({ length: seen + 2 * rounds * (roundMs / everyMs) }, (_, index) =>
  sampleAt(index * everyMs),
);

const feedScript = `(() => {
  const samples = ${JSON.stringify(samples)};
  const post = (data) => dispatchEvent(new MessageEvent("message", { data: { ...data, type: "usage", ours: true } }));
  addEventListener("message", (event) => {
    if (!event.data.ours) event.stopImmediatePropagation();
  }, { capture: true });
  post({ history: samples.slice(0, ${seen}) });
  let next = ${seen};
  let timer;
  globalThis.startFeed = () => {
    timer = setInterval(() => post({ sample: samples[next++] }), ${everyMs});
  };
  globalThis.stopFeed = () => clearInterval(timer);
})()`;

function bundleKiB(): number {
  const folder = join(checkout, "dist", "media");
  const bytes = readdirSync(folder).map((file) => statSync(join(folder, file)).size);
  return bytes.reduce((sum, size) => sum + size, 0) / 1024;
}
