import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import type { Locator } from "playwright-core";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { cgroupsOf, membersOf } from "./kernel-facts.ts";
import { Workbench } from "./workbench.ts";

const sandboxes = "Sandboxes & Containers";
const needsRoot = { skip: process.geteuid?.() === 0 ? false : "needs root" };

/** Each test goes on where the one before it stopped. */
describe("A sandbox that runs out of memory", needsRoot, () => {
  let workbench: Workbench;
  let broken = false;
  let name = "";
  let pid = 0;

  before(async () => {
    workbench = await Workbench.open();
  });

  after(() => workbench?.close());

  function step(title: string, picture: string, body: (t: TestContext) => Promise<void>): void {
    it(title, async (t) => {
      if (broken) return t.skip("an earlier step failed");
      broken = true;
      try {
        await body(t);
        broken = false;
      } finally {
        await workbench.picture(broken ? `${picture}-failed` : picture);
      }
    });
  }

  const row = (): Promise<Locator> => workbench.findRow(sandboxes, new RegExp(`^${name}`));
  const tab = (title: string): Locator => workbench.terminalTitle(title);
  const marked = (of: Locator, mark: string): Promise<true> =>
    workbench.until(`the mark "${mark}"`, async () =>
      (await workbench.mark(of)) === mark ? true : undefined,
    );

  step("has no mark before, and its terminal neither", "events-1-calm", async () => {
    await workbench.openFile("tides.mjs");
    await workbench.openTerrarium();
    await workbench.newTerminal("bash");
    await workbench.newTerminal("Sandboxed Shell");
    await workbench.type("echo name-is-$(hostname)");
    const [, found = ""] = await workbench.waitForText(/^name-is-terrarium-(\S+)/m);
    name = found;
    await workbench.type("readlink /proc/self/ns/net");
    const [net] = await workbench.waitForText(/net:\[\d+\]/);
    [pid = 0] = membersOf(net);
    assert.equal(await workbench.mark(await row()), "");
    assert.equal(await workbench.mark(tab(name)), "");
  });

  step(
    "is marked in the tree and on its terminal's tab, and no other is",
    "events-2-oom",
    async () => {
      limitMemory(32);
      await workbench.type("tail /dev/zero");
      await workbench.waitForText(/Killed/);
      await marked(await row(), "!");
      await marked(tab(name), "!");
      assert.equal(await workbench.mark(tab("bash")), "");
      const spoken = await (await row()).getAttribute("aria-label");
      assert.match(spoken ?? "", /Out of memory/);
    },
  );

  step(
    "tells of it in the panel's Events, where looking takes the marks away",
    "events-3-panel",
    async () => {
      await workbench.chooseFromContextMenu(await row(), "Show Events");
      const item = workbench.webview().locator("ol.events li", { hasText: "Out of memory" });
      await item.waitFor();
      assert.match(
        (await item.textContent()) ?? "",
        /the kernel killed tail \((?:\d+ → )?\d+, .* MB\): its memory limit of 32 MB is reached/,
      );
      await marked(await row(), "");
      await marked(tab(name), "");
    },
  );

  step("can be left out of the list, by keyboard", "events-4-filter", async () => {
    const page = workbench.webview();
    await page.getByRole("checkbox", { name: "Out of memory" }).focus();
    await workbench.page.keyboard.press("Space");
    await page.locator("ol.events li", { hasText: "Out of memory" }).waitFor({ state: "detached" });
    await workbench.page.keyboard.press("Space");
    await page.locator("ol.events li", { hasText: "Out of memory" }).waitFor();
  });

  step(
    "is marked again when it happens again, and Clear Alert takes it away",
    "events-5-clear",
    async () => {
      await workbench.webview().getByRole("tab", { name: "Usage" }).click();
      await workbench.clearTerminal();
      await workbench.type("tail /dev/zero");
      await workbench.waitForText(/Killed/);
      await marked(await row(), "!");
      await workbench.chooseFromContextMenu(await row(), "Clear Alert");
      await marked(await row(), "");
      await marked(tab(name), "");
    },
  );

  /** As anybody may who owns the cgroup. */
  function limitMemory(mebibytes: number): void {
    const memory = readCgroupMounts().hierarchies.find(({ controllers }) =>
      controllers.includes("memory"),
    );
    assert.ok(memory);
    const own = cgroupsOf(pid).find(({ hierarchy }) => hierarchy === memory.id);
    const directory = join(memory.mountPoint, own?.path ?? "");
    const file = memory.version === 1 ? "memory.limit_in_bytes" : "memory.max";
    writeFileSync(join(directory, file), `${mebibytes * 1024 ** 2}`);
    assert.match(readFileSync(join(directory, file), "utf8"), /^\d+\n$/);
  }
});
