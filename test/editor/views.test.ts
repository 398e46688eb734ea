import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { promisify } from "node:util";
import type { Locator } from "playwright-core";
import { checkout } from "../rig/prepare.mjs";
import { type Container, startBubblewrap, startRunc, whyNoContainers } from "./containers.ts";
import { namespaceLink } from "./kernel-facts.ts";
import { makeSteps } from "./steps.ts";
import { Workbench } from "./workbench.ts";

const containers = "Sandboxes & Containers";
const memory = { tides: 64 * 1024 ** 2, moons: 128 * 1024 ** 2 };

/** What one does with the views on a machine where other engines run containers, too. */
describe("The views", { skip: whyNoContainers() ?? false }, () => {
  let workbench: Workbench;
  const started: Container[] = [];
  const step = makeSteps(() => workbench);

  before(async () => {
    started.push(startRunc("tides", memory.tides), startRunc("moons", memory.moons));
    started.push(startBubblewrap());
    await terrarium("run", "-d", "--name", "gull", "-m", "64m", "--", "sleep", "3000");
    await terrarium("run", "-d", "--name", "heron", "--", "sleep", "3000");
    workbench = await Workbench.open();
  });

  after(async () => {
    await workbench?.close();
    await terrarium("rm", "-f", "gull", "heron").catch(() => undefined);
    for (const one of started) one.dispose();
  });

  step("a container of another engine stands beside our sandboxes", "50-containers", async () => {
    await workbench.noteWelcomes();
    await workbench.openTerrarium();
    await workbench.findRow(containers, /^gull.*terrarium · running/);
    assert.deepEqual(await workbench.welcomes(), [], "what it said before it knew");
    const row = await workbench.findRow(containers, /^tides.*runc · running .* of 64 MB/);
    await workbench.expandRow(row);
    await workbench.findRow(containers, new RegExp(`^1\\s*→\\s*${tides().pid}`));
    await workbench.expandRow(await workbench.findRow(containers, /^Namespaces.*own · user/));
    const inode = inodeOf("net");
    await workbench.findRow(containers, new RegExp(`^net\\s*${inode}.*own`));
    await workbench.findRow(containers, /^Limits.*memory 64 MB/);
    await workbench.findRow(containers, /^Mounts.*read-only/);
  });

  step("its card says how we know", "51-card", async () => {
    const row = await workbench.findRow(containers, /^tides/);
    await row.hover();
    await workbench.card(/how\swe\sknow.*state file/s).waitFor();
  });

  step("a filter leaves what holds its words, and says so", "53-filter", async () => {
    await workbench.beginCommand("Terrarium: Filter Containers…");
    await workbench.fillBox("runc tid");
    await row(/^gull/).waitFor({ state: "detached" });
    await row(/^tides/).waitFor();
    await workbench.page.keyboard.press("Enter");
    await workbench.section(containers).getByText("filter: runc tid").waitFor();
    await workbench.beginCommand("Terrarium: Filter Containers…");
    await workbench.fillBox("terrarium-init");
    // What it finds below a row, it opens.
    await row(/^1\s*→.*terrarium-init/).waitFor();
    await row(/^tides/).waitFor({ state: "detached" });
    await workbench.fillBox("nothing of that name");
    await workbench.section(containers).getByText("Nothing here matches").waitFor();
    // The filter that was there before comes back.
    await workbench.page.keyboard.press("Escape");
    await row(/^tides/).waitFor();
    await workbench.clickTitleButton(containers, "Clear Containers Filter");
    await workbench.findRow(containers, /^gull/);
  });

  step("several sandboxes are stopped at once, after one question", "54-stop-several", async () => {
    await (await workbench.findRow(containers, /^gull/)).click();
    const second = await workbench.findRow(containers, /^heron/);
    await second.click({ modifiers: ["Control"] });
    await workbench.chooseFromContextMenu(second, "Stop");
    const question = workbench.dialog("Stop 2 sandboxes: gull, heron?");
    await question.waitFor();
    await workbench.picture("54-stop-several-question");
    await question.getByRole("button", { name: "Cancel" }).click();
  });

  step("two that are selected are compared", "55-compare", async () => {
    await (await workbench.findRow(containers, /^gull/)).click();
    const second = await workbench.findRow(containers, /^tides/);
    await second.click({ modifiers: ["Control"] });
    await workbench.chooseFromContextMenu(second, "Compare With…");
    const text = await workbench.until("the comparison", async () => {
      const shown = await workbench.documentText();
      return /Privileges: \d+ differ/.test(shown) ? shown : undefined;
    });
    assert.match(text, /^< \d+ {2}sleep, sandbox gull$/m);
    assert.match(text, new RegExp(`^> ${tides().pid} {2}sh$`, "m"));
    assert.match(text, /^ {2}pid +< \d+ +> \d+$/m);
    await workbench.picture("55-comparison");
    await workbench.runCommand("View: Close Editor");
  });

  step("Reveal in Namespaces leads to the container's own", "56-reveal", async () => {
    const inode = inodeOf("pid");
    const from = await workbench.findRow(containers, /^tides/);
    await workbench.chooseFromContextMenu(from, "Reveal in Namespaces");
    const found = workbench.row("Namespaces", new RegExp(`^${inode}.*tides · 3 processes`));
    await found.waitFor();
    assert.equal(await found.getAttribute("aria-selected"), "true");
  });

  step(
    "namespaces stand below the user namespace that owns them, after a reload too",
    "57-owner",
    async () => {
      await workbench.runCommand("Terrarium: Show Namespaces by Owner");
      await workbench.findRow("Namespaces", /^user \d+.*host .*owns \d+/);
      await workbench.reloadWindow();
      await workbench.expandSection("Namespaces");
      await workbench.findRow("Namespaces", /^user \d+.*host .*owns \d+/);
      const inode = inodeOf("net");
      await workbench.findRow("Namespaces", new RegExp(`^net ${inode}.*tides`));
      await workbench.picture("57-by-owner");
      await workbench.clickTitleButton("Namespaces", "Show Namespaces by Type");
      await workbench.findRow("Namespaces", /^net\s*\d+$/);
    },
  );

  step("Reveal in Cgroups leads to what bounds it, by its name", "58-reveal-cgroup", async () => {
    await workbench.collapseSection("Namespaces");
    const from = await workbench.findRow(containers, /^tides/);
    await workbench.chooseFromContextMenu(from, "Reveal in Cgroups");
    const found = await workbench.findRow("Cgroups", /^tides.*\d [KM]B \/ 64 MB.*3 processes/);
    assert.equal(await found.getAttribute("aria-selected"), "true");
    await workbench.picture("58-cgroups");
  });

  step("containers are grouped by engine, and back", "59-grouped", async () => {
    await workbench.collapseSection("Cgroups");
    await workbench.runCommand("Terrarium: Group Containers by Engine");
    await workbench.findRow(containers, /^runc\s*2$/);
    await workbench.picture("59-by-engine");
    await workbench.runCommand("Terrarium: Ungroup Containers");
    await row(/^runc\s*2$/).waitFor({ state: "detached" });
  });

  step(
    "one that stands still is marked, with words for who cannot see the mark",
    "61-paused",
    async () => {
      await runc("pause", "moons");
      const row = await workbench.findRow(containers, /^moons.*runc · paused/);
      await workbench.until(
        "its mark",
        async () => (await workbench.mark(row)) === "‖" || undefined,
      );
      assert.match((await row.getAttribute("aria-label")) ?? "", /Container moons, runc, paused/);
      await runc("resume", "moons");
      await workbench.findRow(containers, /^moons.*runc · running/);
    },
  );

  step("the light theme is as calm", "60-light", async () => {
    await workbench.chooseTheme("Light Modern");
    await workbench.findRow(containers, /^tides/);
    await workbench.page.waitForTimeout(500);
  });

  function tides(): Container {
    const [first] = started;
    assert.ok(first);
    return first;
  }

  function inodeOf(type: "net" | "pid"): string {
    return /\d+/.exec(namespaceLink(tides().pid, type) ?? "")?.[0] ?? "";
  }

  function row(text: RegExp): Locator {
    return workbench.row(containers, text);
  }
});

function terrarium(...words: readonly string[]): Promise<unknown> {
  const client = join(checkout, "dist", "bin", "terrarium");
  return promisify(execFile)(process.execPath, [client, ...words]);
}

function runc(...words: readonly string[]): Promise<unknown> {
  return promisify(execFile)("/usr/sbin/runc", words);
}
