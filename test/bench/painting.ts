import { setTimeout as sleep } from "node:timers/promises";
import { Workbench } from "../editor/workbench.ts";
import { type Contest, median } from "./contest.ts";
import { type Inspector, inspectExtensionHost } from "./extensionHost.ts";
import { ManyContainers } from "./manyContainers.ts";

const count = 2_000;
const rounds = 6;
const paintBarMs = 300;
const view = "Sandboxes & Containers";

/** How long the extension host and the page have for what VS Code does at its own start. */
const startMs = 3_000;

/** The first view of 2,000 containers in the real editor, and what one of them that changes costs. */
export async function painting(): Promise<readonly Contest[]> {
  const containers = await ManyContainers.start(count);
  const workbench = await Workbench.open();
  try {
    const paints: number[] = [];
    for (let round = 0; round < rounds; round += 1) paints.push(await firstPaint(workbench));
    await sortByName(workbench);
    const items: number[] = [];
    for (let at = 0; at < changes; at += 1)
      items.push(await itemsOfAChange(workbench, () => containers.freeze(at, true)));
    const bar = { peer: "the bar", bar: 1 } as const;
    const work = `the first of ${count} containers painted, after the data`;
    const [first = Number.NaN, ...others] = paints;
    return [
      { ...bar, work, unit: "ms", ours: median(others), theirs: paintBarMs },
      {
        ...bar,
        work: "the same, the slowest",
        unit: "ms",
        ours: Math.max(...others),
        theirs: paintBarMs,
        bar: undefined,
      },
      {
        ...bar,
        work: "the same in the first window of all",
        unit: "ms",
        ours: first,
        theirs: paintBarMs,
        bar: undefined,
      },
      {
        ...bar,
        work: "rows that VS Code asks for when one is another",
        unit: "rows",
        ours: median(items),
        theirs: 1,
      },
    ];
  } finally {
    await workbench.close();
    await containers.stop();
  }
}

/**
 * In a window of its own. From the last bytes of the tables, as they come from the helper and before they are parsed,
 * to the frame after the one in which the first container's row is drawn: two processes, one clock.
 */
async function firstPaint(workbench: Workbench): Promise<number> {
  await workbench.runCommand("Explorer: Focus on Folders View");
  await workbench.reloadWindow();
  await sleep(startMs);
  const host = await inspectExtensionHost();
  try {
    await host.evaluate(hearHelper);
    await workbench.page.evaluate(seePaint);
    await workbench.openTerrarium();
    const painted = await workbench.until(
      "the first row",
      async () => Number(await workbench.page.evaluate("globalThis.paintedAt ?? 0")) || undefined,
    );
    return painted - (await toldBefore(host, painted));
  } finally {
    host.close();
  }
}

/** What the helper says arrives in pieces of this, of which small ones are answers. */
const smallestPiece = 4_096;

async function toldBefore(host: Inspector, painted: number): Promise<number> {
  const told = `heard.filter(([at, length]) => at <= ${painted} && length >= ${smallestPiece}).at(-1)[0]`;
  return Number(await host.evaluate(told));
}

const hearHelper = `(() => {
  const programs = process.getBuiltinModule("child_process");
  const { spawn } = programs;
  globalThis.heard = [];
  programs.spawn = function (...words) {
    const child = spawn.apply(this, words);
    const emit = child.stdout?.emit;
    if (emit) child.stdout.emit = function (name, data) {
      if (name === "data") heard.push([Date.now(), data.length]);
      return emit.apply(this, arguments);
    };
    return child;
  };
})()`;

const seePaint = `(() => {
  globalThis.paintedAt = undefined;
  const row = '.part.sidebar .monaco-list-row[aria-label^="Container"]';
  const observer = new MutationObserver(() => {
    if (!document.querySelector(row)) return;
    observer.disconnect();
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => (globalThis.paintedAt = Date.now());
      port2.postMessage(undefined);
    });
  });
  observer.observe(document.body, { subtree: true, childList: true });
})()`;

/** In the order of states one that is paused goes to the end, and VS Code asks for the whole list. */
async function sortByName(workbench: Workbench): Promise<void> {
  await workbench.beginCommand("Terrarium: Sort Containers…");
  await workbench.choice(/^By name/).click();
}

/** Uptimes, too, are others from time to time. */
const changes = 5;

/** How often VS Code asks the extension for a row, counted by V8, until a container that was frozen looks so. */
async function itemsOfAChange(workbench: Workbench, freeze: () => void): Promise<number> {
  const paused = workbench.section(view).getByLabel(/docker, paused/);
  const before = await paused.count();
  const host = await inspectExtensionHost();
  try {
    await host.send("Profiler.enable");
    await host.send("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    await host.send("Profiler.takePreciseCoverage");
    freeze();
    await workbench.until("a paused row", async () => (await paused.count()) > before || undefined);
    return calls(await host.send("Profiler.takePreciseCoverage"));
  } finally {
    host.close();
  }
}

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

function calls(answer: unknown): number {
  const { result }: Coverage = JSON.parse(JSON.stringify(answer));
  const ours = result.filter(({ url }) => /terrarium[^/]*\/dist\/extension\//.test(url));
  const functions = ours.flatMap((script) => script.functions);
  const asked = functions.filter(({ functionName }) => functionName === "getTreeItem");
  return asked.reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0);
}
