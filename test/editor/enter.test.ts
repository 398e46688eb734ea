import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { promisify } from "node:util";
import type { Locator } from "playwright-core";
import { checkout } from "../rig/prepare.mjs";
import { type RuncContainer, startRunc, startShellless, whyNoContainers } from "./containers.ts";
import { namespaceLink } from "./kernel-facts.ts";
import { makeSteps } from "./steps.ts";
import { Workbench } from "./workbench.ts";

const containers = "Sandboxes & Containers";

/** Being inside of what runs already: by every menu entry, with a look before, and what stands in the way. */
describe("Enter", { skip: whyNoContainers() ?? false }, () => {
  let workbench: Workbench;
  let harbour: RuncContainer;
  let bare: RuncContainer;
  const step = makeSteps(() => workbench);

  before(async () => {
    harbour = startRunc("harbour", 64 * 1024 ** 2);
    bare = startShellless("bare");
    await terrarium("run", "-d", "--name", "gull", "--", "sleep", "3000");
    workbench = await Workbench.open();
    await workbench.openTerrarium();
    await workbench.showTerminals();
  });

  after(async () => {
    await workbench?.close();
    await terrarium("rm", "-f", "gull").catch(() => undefined);
    for (const one of [harbour, bare]) one?.dispose();
  });

  step(
    "shows host, target and who one will be, before anything is started",
    "70-preview",
    async () => {
      const before = await workbench.terminalCount();
      const shown = preview(/harbour ⟶ sh \(process \d+ of root\)/);
      await chooseFor(shown, await harbourRow(), "Enter");
      await workbench
        .quickPickRow(/^\s*Enteras root · in its .* namespaces · runs \/bin\//)
        .waitFor();
      await workbench.quickPickRow(/^\s*capabilities.* → 3: kill net_bind/).waitFor();
      await workbench.picture("70-preview-open");
      await workbench.page.keyboard.press("Escape");
      await preview(/harbour/).waitFor({ state: "hidden" });
      assert.equal(await workbench.terminalCount(), before);
    },
  );

  step(
    "one keystroke later one is what the target is, and the tab says where",
    "71-entered",
    async () => {
      await enterFrom(await harbourRow(), "Enter");
      await workbench.terminalTitle("harbour ⟶ sh").waitFor();
      await workbench.waitForText(new RegExp(`^entered process ${harbour.pid} in its`, "m"));
      await expectInside({ net: true, mnt: true, uts: true });
      await workbench.type("grep CapEff /proc/self/status");
      await workbench.waitForText(/CapEff:\s*0000000020000420/);
    },
  );

  step("Enter Network Only leaves the host's files", "72-network", async () => {
    await enterFrom(await harbourRow(), "Enter Network Only");
    await expectInside({ net: true, mnt: false, uts: false });
  });

  step("Enter Files Only leaves the host's network", "73-files", async () => {
    await enterFrom(await harbourRow(), "Enter Files Only");
    // Its /proc is that of other processes: the number of this one means something here only.
    await workbench.type("busybox cat /marker; echo shell $$");
    const [, pid] = await workbench.waitForText(/^here\nshell (\d+)$/m);
    const links = ["net", "mnt"].map((type) => namespaceLink(Number(pid), type));
    assert.deepEqual(links, [namespaceLink("self", "net"), linkOf(harbour, "mnt")]);
  });

  step(
    "Enter Namespaces… ticks what is its own, and says what is the host's",
    "74-namespaces",
    async () => {
      await workbench.openTerminal(async () => {
        const types = workbench.quickPick("Enter Namespaces of harbour");
        await chooseFor(types, await harbourRow(), "Enter Namespaces…");
        await workbench.quickPickRow(/^\s*mnt.*mount points/).waitFor();
        await workbench.quickPickRow(/the host's already: nothing to enter/).waitFor();
        await workbench.picture("74-namespaces-open");
        for (const type of ["pid", "mnt", "ipc", "cgroup"]) {
          const row = workbench.quickPickRow(new RegExp(`^\\s*${type}`));
          if (await row.isVisible()) await row.click();
        }
        await workbench.page.keyboard.press("Enter");
        await agree();
      });
      await expectInside({ net: true, mnt: false, uts: true });
    },
  );

  step("Enter as Root asks in plain words", "75-root", async () => {
    await chooseFor(preview(/harbour/), await harbourRow(), "Enter as Root");
    await agree();
    const question = workbench.dialog(/^.*Enter sh \(\d+\) in harbour as root\?/);
    await question.waitFor();
    await workbench.picture("75-root-question");
    const before = await workbench.terminalCount();
    await question.getByRole("button", { name: "Enter as Root" }).click();
    await workbench.waitForTerminals((count) => count > before);
    await workbench.waitForLastTerminal();
    await workbench.type("grep CapEff /proc/self/status");
    await workbench.waitForText(/CapEff:\s*000001ff/);
  });

  step("Choose… changes what is entered and with which shell", "76-choose", async () => {
    await workbench.openTerminal(async () => {
      await chooseFor(preview(/harbour/), await harbourRow(), "Enter");
      await workbench.quickPickRow(/^\s*Choose…/).click();
      await workbench.quickPick("Enter sh: Choose").waitFor();
      await workbench.picture("76-choose-open");
      await workbench.quickPickRow(/^\s*\/bin\/busybox/).click();
      await workbench.quickPickRow(/runs \/bin\/busybox sh$/).waitFor();
      await workbench.page.keyboard.press("Enter");
    });
    await workbench.waitForText(/^entered process/m);
  });

  step("the shell that was chosen is remembered for the container", "77-remembered", async () => {
    await chooseFor(preview(/harbour/), await harbourRow(), "Enter");
    await workbench.quickPickRow(/runs \/bin\/busybox sh$/).waitFor();
    await workbench.page.keyboard.press("Escape");
  });

  step("a process, a namespace and a cgroup are entered by their rows", "78-rows", async () => {
    await workbench.expandRow(await harbourRow());
    await enterFrom(
      await workbench.findRow(containers, new RegExp(`→\\s*${harbour.pid}`)),
      "Enter",
    );
    await expectInside({ net: true, mnt: true, uts: true });
    await workbench.expandRow(await workbench.findRow(containers, /^Namespaces.*own/));
    await enterFrom(await workbench.findRow(containers, /^net\s*\d+.*own/), "Enter");
    await expectInside({ net: true, mnt: false, uts: false });
    await workbench.chooseFromContextMenu(await harbourRow(), "Reveal in Cgroups");
    await enterFrom(await workbench.findRow("Cgroups", /^harbour/), "Enter");
    await expectInside({ net: true, mnt: true, uts: true });
    await workbench.collapseSection("Cgroups");
    await workbench.collapseRow(await harbourRow());
  });

  step("the palette finds a process by its name", "79-palette", async () => {
    await workbench.openTerminal(async () => {
      await workbench.beginCommand("Terrarium: Enter Network Only");
      await workbench.quickPick("Enter Network Only").waitFor();
      await workbench.fillBox(`${harbour.pid}`);
      await workbench.picture("79-palette-open");
      await workbench.quickPickRow(/^\s*sh\d+ · harbour/).click();
      await agree();
    });
    await expectInside({ net: true, mnt: false, uts: false });
  });

  step("a sandbox of one's own is entered without a question", "80-own", async () => {
    await workbench.openTerminal(async () =>
      workbench.chooseFromContextMenu(await workbench.findRow(containers, /^gull/), "Enter"),
    );
    await workbench.terminalTitle("gull ⟶ sleep").waitFor();
  });

  step("what is frozen is thawed on the way, if one says so", "81-frozen", async () => {
    harbour.tell("pause");
    const row = await workbench.findRow(containers, /^harbour.*paused/);
    await workbench.openTerminal(async () => {
      await chooseFor(preview(/harbour/), row, "Enter");
      await workbench.quickPickRow(/^\s*Thaw and Enterit is paused/).waitFor();
      await workbench.picture("81-frozen-open");
      await workbench.page.keyboard.press("Enter");
    });
    await workbench.waitForText(/^thawed: /m);
    await expectInside({ net: true, mnt: true, uts: true });
  });

  step("what has no shell is entered with a toolbox", "82-toolbox", async () => {
    await workbench.openTerminal(async () => {
      await chooseFor(preview(/bare/), await workbench.findRow(containers, /^bare/), "Enter");
      await workbench.quickPickRow(/^\s*Enter With a Toolbox.* has no shell/).waitFor();
      await workbench.picture("82-toolbox-open");
      await workbench.page.keyboard.press("Enter");
    });
    await workbench.waitForText(/[$#] ?$/m);
    await workbench.type("ls /target/bin; readlink /proc/self/ns/net");
    await workbench.waitForText(/^sleep$/m);
    await workbench.waitForText(new RegExp(escaped(linkOf(bare, "net"))));
  });

  step("where there is nothing to enter, that is said calmly", "83-nothing", async () => {
    await workbench.beginCommand("Terrarium: Enter");
    await workbench.quickPickRow(/^\s*Process…/).click();
    await workbench.fillBox(`${process.pid}`);
    await workbench.page.keyboard.press("Enter");
    await workbench.notification(/shares .* with you: there is nothing to enter/).waitFor();
    await workbench.picture("83-nothing-said");
    await workbench.runCommand("Notifications: Clear All Notifications");
  });

  step("a container that was started anew offers to go back", "84-reenter", async () => {
    // Of each that ends VS Code itself says so, and shows three such messages at most.
    await workbench.runCommand("Terminal: Kill All Terminals");
    await workbench.waitForTerminals((count) => count === 0);
    await enterFrom(await harbourRow(), "Enter");
    const before = linkOf(harbour, "pid");
    harbour.restart();
    const offer = workbench.notification("harbour is running again.");
    await offer.waitFor();
    await workbench.picture("84-reenter-offer");
    const row = await harbourRow();
    await row.hover();
    await row.getByRole("button", { name: "Re-enter" }).waitFor();
    await workbench.openTerminal(async () => {
      await offer.getByRole("button", { name: "Re-enter" }).click();
      await agree();
    });
    await expectInside({ net: true, mnt: true, uts: true });
    assert.notEqual(linkOf(harbour, "pid"), before);
  });

  step(
    "a file that a shell inside names opens here, from the folder it is in",
    "85-link",
    async () => {
      await workbench.newTerminal("Sandboxed Shell");
      await workbench.waitForText(/[$#] ?$/m);
      await workbench.type("cd public && ls");
      await workbench.waitForText(/^index\.html$/m);
      await workbench.beginCommand("Terminal: Open Detected Link...");
      await workbench.quickPickRow("index.html").click();
      await workbench.activeEditorTab().filter({ hasText: "index.html" }).waitFor();
    },
  );

  step("a task's error in a sandbox opens the file here", "86-task", async () => {
    writeWorkspace();
    await runTask("lint in a sandbox");
    await expectProblem(/the tide is wrong/, "86-task-problem");
  });

  step("and one in a container, whose paths are others", "87-task-container", async () => {
    await runTask("lint in a container");
    await workbench.waitForText(/^\/app is shown as /m);
    await expectProblem(/the moon is wrong/, "87-task-problem");
  });

  step("the active file runs in a sandbox", "88-active-file", async () => {
    await workbench.openFile("ebb.sh");
    await workbench.runCommand("Terrarium: Run Active File in Sandbox");
    await workbench.waitForText(/^terrarium-[\w-]+\n.*tide-table\nebb$/m);
  });

  function harbourRow(): Promise<Locator> {
    return workbench.findRow(containers, /^harbour/);
  }

  /**
   * Chooses from a row's menu until there is what comes of it. A row that is redrawn under the mouse is not handed to
   * its command (vscode #144250), which then asks for one.
   */
  async function chooseFor(expected: Locator, row: Locator, entry: string): Promise<void> {
    await workbench.until(`what comes of ${entry}`, async () => {
      await workbench.chooseFromContextMenu(row, entry);
      const comes = expected.waitFor({ timeout: 8_000 }).then(() => true);
      return comes.catch(() => workbench.page.keyboard.press("Escape").then(() => undefined));
    });
  }

  function preview(title: RegExp): Locator {
    return workbench.quickPick(title);
  }

  /** To what is first in the preview. */
  async function agree(): Promise<void> {
    await workbench.quickPickRow(/^\s*Enter/).waitFor({ timeout: 8_000 });
    await workbench.page.keyboard.press("Enter");
  }

  async function enterFrom(row: Locator, entry: string): Promise<void> {
    await workbench.openTerminal(async () => {
      await chooseFor(preview(/^.*Enter .* \(process \d+ of/), row, entry);
      await agree();
    });
  }

  /** Which of them are the container's, as the shell that is shown sees itself; the others are the host's. */
  async function expectInside(own: Readonly<Record<string, boolean>>): Promise<void> {
    const types = Object.keys(own);
    await workbench.waitForText(/[$#] ?$/m);
    await workbench.type(`for n in ${types.join(" ")}; do readlink /proc/self/ns/$n; done`);
    const links = types.map((type) =>
      own[type] ? linkOf(harbour, type) : (namespaceLink("self", type) ?? ""),
    );
    await workbench.waitForText(new RegExp(links.map(escaped).join("\n")));
  }

  function linkOf({ pid }: RuncContainer, type: string): string {
    return namespaceLink(pid, type) ?? "";
  }

  function writeWorkspace(): void {
    const script = "#!/bin/sh\nhostname; pwd; echo ebb\n";
    writeFileSync(join(workbench.workspace, "ebb.sh"), script);
    const problemMatcher = {
      owner: "tides",
      fileLocation: "absolute",
      pattern: { regexp: "^(.*):(\\d+): error: (.*)$", file: 1, line: 2, message: 3 },
    };
    const lint = (label: string, script: string, more: object) => ({
      ...{ type: "terrarium", label, command: "sh", args: ["-c", script] },
      ...{ problemMatcher, ...more },
    });
    const tasks = [
      lint("lint in a sandbox", 'echo "$PWD/tides.mjs:3: error: the tide is wrong"', {
        sandbox: { hostname: "linter" },
      }),
      lint("lint in a container", 'echo "/app/tides.mjs:5: error: the moon is wrong"', {
        container: "harbour",
        paths: { "/app": "$" + "{workspaceFolder}" },
      }),
    ];
    mkdirSync(join(workbench.workspace, ".vscode"), { recursive: true });
    const text = JSON.stringify({ version: "2.0.0", tasks });
    writeFileSync(join(workbench.workspace, ".vscode", "tasks.json"), text);
  }

  /** VS Code reads tasks.json a moment after it was written. */
  async function runTask(label: string): Promise<void> {
    await workbench.until(`the task ${label}`, async () => {
      await workbench.beginCommand("Tasks: Run Task");
      await workbench.fillBox(label);
      const row = workbench.quickPickRow(label);
      const choose = row.click({ timeout: 3_000 }).then(() => true);
      return choose.catch(() => workbench.page.keyboard.press("Escape").then(() => undefined));
    });
  }

  /** The terminal of a task comes to the front when it begins, maybe after we looked elsewhere. */
  async function expectProblem(text: RegExp, picture: string): Promise<void> {
    const problem = workbench.problem(text);
    await workbench.openFile("README.md");
    await workbench.until(`the problem ${text}`, async () => {
      await workbench.runCommand("Problems: Focus on Problems View");
      const shown = problem.waitFor({ timeout: 3_000 }).then(() => true);
      return shown.catch(() => undefined);
    });
    await workbench.picture(picture);
    await problem.dblclick();
    await workbench.activeEditorTab().filter({ hasText: "tides.mjs" }).waitFor();
  }
});

function escaped(text: string): string {
  return text.replace(/[[\]]/g, "\\$&");
}

function terrarium(...words: readonly string[]): Promise<unknown> {
  const client = join(checkout, "dist", "bin", "terrarium");
  return promisify(execFile)(process.execPath, [client, ...words]);
}
