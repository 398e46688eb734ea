import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, type TestContext } from "node:test";
import { promisify } from "node:util";
import type { Locator } from "playwright-core";
import { checkout } from "../rig/prepare.mjs";
import {
  cgroupsOf,
  helperBelow,
  membersOf,
  namespaceLink,
  nestedPids,
  readCalls,
} from "./kernel-facts.ts";
import { makeSteps } from "./steps.ts";
import { Workbench } from "./workbench.ts";

const sandboxes = "Sandboxes & Containers";

/** One user's session, step by step: each test goes on where the one before it stopped. */
describe("In the workbench", () => {
  let workbench: Workbench;
  let sandboxName: string;
  let sandboxNet: string;
  let shellPid: number;

  before(async () => {
    workbench = await Workbench.open();
  });

  after(() => workbench?.close());

  const step = makeSteps(() => workbench);

  step("an empty view offers a sandboxed terminal", "01-welcome", async () => {
    await workbench.openFile("tides.mjs");
    await workbench.openTerrarium();
    const button = workbench.section(sandboxes).getByRole("button", {
      name: "New Sandboxed Terminal",
    });
    await button.last().waitFor();
  });

  step('the "+" menu opens a Sandboxed Shell', "02-sandboxed-shell", async () => {
    await workbench.newTerminal("Sandboxed Shell");
    await workbench.waitForText(/[$#] ?$/m);
  });

  step("the shell sees its own processes, host name and user", "03-ps", async () => {
    await workbench.type("ps -ef; hostname; id");
    await workbench.waitForText(/^uid=\d+.*\n.*[$#]$/m);
    const lines = await workbench.terminalLines();
    const hostname = lines.find((line) => /^terrarium-[a-z0-9-]+$/.test(line));
    assert.ok(hostname, "hostname says terrarium-…");
    sandboxName = hostname.replace("terrarium-", "");
    const pids = lines
      .flatMap((line) => /^\S+ +(\d+) +\d+ +\d+ /.exec(line)?.[1] ?? [])
      .map(Number);
    assert.equal(pids[0], 1);
    assert.ok(pids.length <= 4, `ps lists ${pids.length} processes`);
  });

  step("the tree shows the same process under its host pid", "04-processes", async () => {
    await workbench.expandRow(await sandboxRow());
    await workbench.expandRow(await workbench.findRow(sandboxes, /^Processes/));
    const init = await hostPidInTree(1);
    assert.deepEqual(nestedPids(init), [init, 1]);
    shellPid = await hostPidInTree(2);
    assert.deepEqual(nestedPids(shellPid), [shellPid, 2]);
  });

  step("the shell's namespaces are those of the process in the tree", "05-namespaces", async () => {
    await workbench.type("readlink /proc/self/ns/net");
    [sandboxNet] = await workbench.waitForText(/net:\[\d+\]/);
    assert.equal(sandboxNet, namespaceLink(shellPid, "net"));
    assert.notEqual(sandboxNet, namespaceLink("self", "net"));
    await workbench.expandSection("Namespaces");
    await workbench.expandRow(await workbench.findRow("Namespaces", /^net/));
    const inode = /\d+/.exec(sandboxNet)?.[0] ?? "";
    await workbench.findRow("Namespaces", inode);
  });

  step(
    "the sandbox has its cgroup below Terrarium's, with what it uses",
    "06-cgroups",
    async (t) => {
      const ours = cgroupsOf(shellPid).filter(({ path }) => path.includes("/terrarium/"));
      const own = ours.find(({ hierarchy }) => /\b(memory|unified)\b/.test(hierarchy)) ?? ours[0];
      if (own === undefined) return t.skip("no cgroup is delegated to this user");
      await workbench.expandSection("Cgroups");
      const parents = own.path.split("/").slice(1);
      const id = parents.pop() ?? "";
      for (const row of [`${own.hierarchy} (v`, ...parents]) {
        await workbench.expandRow(await workbench.findRow("Cgroups", beginsWith(row)));
      }
      const row = await workbench.findRow("Cgroups", beginsWith(sandboxName));
      const words = new RegExp(`${id} · .*\\d [KM]B.* · 2 processes`);
      await workbench.until(
        "its memory in the row",
        async () => words.exec((await row.textContent()) ?? "") ?? undefined,
      );
    },
  );

  step("resizing the terminal resizes the pty inside", "07-resize", async () => {
    await workbench.collapseSection("Cgroups");
    const small = await terminalSize();
    await workbench.togglePanelSize();
    const large = await workbench.until("a larger pty", async () => {
      const size = await terminalSize();
      return size.rows > small.rows ? size : undefined;
    });
    assert.ok(large.rows > small.rows);
    await workbench.togglePanelSize();
  });

  step("Ctrl-C interrupts the command and not the shell", "08-interrupt", async () => {
    await workbench.clearTerminal();
    // It tells when it has the terminal: a Ctrl-C before that is the shell's, which ignores it.
    await workbench.type("sh -c 'echo ready; exec sleep 1000'");
    await workbench.waitForText(/^ready$/m);
    await workbench.press("Control+c");
    await workbench.waitForText(/\^C/);
    await workbench.type("echo status $?");
    await workbench.waitForText(/^status 130$/m);
  });

  step("UTF-8 passes both ways", "09-utf8", async () => {
    await workbench.clearTerminal();
    await workbench.type("printf '%s\\n' 'Grüße, 你好, ñandú' | rev | rev");
    await workbench.waitForText(/^Grüße, 你好, ñandú$/m);
  });

  step("a reload of the window leaves the shell as it was", "10-reload", async () => {
    await workbench.type("mark=still-here");
    await workbench.reload();
    await workbench.waitForLastTerminal();
    // What it showed comes back with it: before that it hears nothing.
    await workbench.waitForText(/mark=still-here\n.*[$#] ?$/m);
    await workbench.type('echo "$mark, shell $$"');
    await workbench.waitForText(/^still-here, shell 2$/m);
  });

  step("Enter opens a terminal inside the sandbox", "11-enter", async () => {
    const row = await sandboxRow();
    await workbench.openTerminal(() => workbench.chooseFromContextMenu(row, "Enter"));
    await workbench.waitForText(/[$#] ?$/m);
    // The command's, not init's, which keeps no privilege to follow and shows itself to root only.
    await workbench.waitForText(new RegExp(`^entered process ${shellPid} in its`, "m"));
    await workbench.type("hostname; readlink /proc/self/ns/net");
    const [entered] = await workbench.waitForText(/net:\[\d+\]/);
    assert.equal(entered, sandboxNet);
    await workbench.waitForText(/^terrarium-/m);
  });

  step("the exit status of a shell is shown", "12-exit-status", async () => {
    const before = await workbench.terminalCount();
    await workbench.type("exit 3");
    await workbench.waitForTerminals((count) => count < before);
    await workbench.notification(/exit code: 3/).waitFor();
  });

  step("entering one namespace joins that one alone", "13-enter-net", async () => {
    await workbench.runCommand("Notifications: Clear All Notifications");
    const inode = /\d+/.exec(sandboxNet)?.[0] ?? "";
    await workbench.expandRow(await workbench.findRow("Namespaces", /^net/));
    const row = await workbench.findRow("Namespaces", inode);
    await workbench.openTerminal(() => workbench.chooseFromContextMenu(row, "Enter"));
    await workbench.waitForText(/[$#] ?$/m);
    await workbench.type("readlink /proc/self/ns/net /proc/self/ns/uts");
    const [, net, uts] = await workbench.waitForText(/^(net:\[\d+\])\n(uts:\[\d+\])$/m);
    assert.deepEqual([net, uts], [sandboxNet, namespaceLink("self", "uts")]);
  });

  step("entering a process joins all that it is in", "13-enter-process", async () => {
    const before = await workbench.terminalCount();
    await workbench.expandRow(await sandboxRow());
    await workbench.expandRow(await workbench.findRow(sandboxes, /^Processes/));
    const row = await workbench.findRow(sandboxes, /^2\s*→/);
    await workbench.openTerminal(() => workbench.chooseFromContextMenu(row, "Enter"));
    await workbench.waitForText(new RegExp(`^entered process ${shellPid} in its`, "m"));
    await workbench.type("readlink /proc/self/ns/net");
    const [entered] = await workbench.waitForText(/net:\[\d+\]/);
    assert.equal(entered, sandboxNet);
    await workbench.type("exit 0");
    await workbench.waitForTerminals((count) => count === before);
  });

  step("Isolation Report says what the sandbox can still see", "13-isolation", async () => {
    await workbench.chooseFromContextMenu(await sandboxRow(), "Isolation Report");
    const panel = workbench.webview();
    await panel.getByRole("heading", { name: sandboxName, exact: true }).waitFor();
    await panel.getByRole("tab", { name: "Isolation", selected: true }).waitFor();
    await workbench.picture("13-isolation-report");
    await workbench.runCommand("View: Close Editor");
  });

  step("closing the tab ends the sandbox, in the tree and in the kernel", "14-closed", async () => {
    // In sight before, so that a row that is gone is not one that was scrolled away.
    await sandboxRow();
    await workbench.killTerminal();
    await workbench.killTerminal();
    await workbench.row(sandboxes, sandboxText()).waitFor({ state: "detached" });
    await workbench.until("the network namespace to be empty", async () => {
      return membersOf(sandboxNet).length === 0 || undefined;
    });
  });

  step("a sandbox.json at the folder's root is asked about once", "14-sandbox-file", async () => {
    const passEnv = ["EDITOR"];
    const text = JSON.stringify({ hostname: "tide-gate", limits: { pids: 64 }, passEnv });
    writeFileSync(join(workbench.workspace, "sandbox.json"), `// by hand\n${text}\n`);
    await workbench.showTerminals();
    const before = await workbench.terminalCount();
    await workbench.chooseProfile("Sandboxed Shell");
    const question = workbench.dialog(/sandbox\.json/);
    await question.waitFor();
    await question.getByText("is given your variables: EDITOR").waitFor();
    await workbench.picture("14-sandbox-file-question");
    await question.getByRole("button", { name: "Use It" }).click();
    await workbench.waitForTerminals((count) => count > before);
    await workbench.waitForLastTerminal();
    await workbench.waitForText(/[$#] ?$/m);
    await workbench.newTerminal("Sandboxed Shell");
    await workbench.waitForText(/[$#] ?$/m);
  });

  step("the sandbox is the one that it describes", "15-sandbox-file-limits", async () => {
    await workbench.type("hostname; pwd; echo x >> sandbox.json");
    await workbench.waitForText(
      /^tide-gate\n.*tide-table\n.*sandbox\.json: Read-only file system/m,
    );
    await workbench.killTerminal();
    await workbench.killTerminal();
  });

  step("Start runs a sandbox that was only written down", "16-start", async (t) => {
    const options = ["--name", "lagoon", "--network", "host", "-m", "64m"];
    await create(t, [
      ...options,
      "--",
      "sh",
      "-c",
      "printf 'x\\033]0;y' > /proc/$$/comm; sleep 600; :",
    ]);
    const row = await workbench.findRow(sandboxes, /^lagoon.*terrarium · created/);
    await workbench.chooseFromContextMenu(row, "Start");
    await workbench.expandRow(await workbench.findRow(sandboxes, /^lagoon.*terrarium · running/));
    await workbench.expandRow(
      await workbench.findRow(sandboxes, /^Namespaces.*net, time are the host's/),
    );
    const net = await workbench.findRow(sandboxes, /^net.*shared with the host/);
    const [, inode = ""] = /(\d+)/.exec(namespaceLink("self", "net") ?? "") ?? [];
    assert.ok(inode !== "" && (await net.textContent())?.includes(inode));
    await workbench.picture("16-start-shared");
    await workbench.expandRow(await workbench.findRow(sandboxes, /^Processes/));
    const shell = await workbench.findRow(sandboxes, /^2\s*→.*x\ufffd\]0;y/);
    await workbench.openTerminal(() => workbench.chooseFromContextMenu(shell, "Enter"));
    await workbench.terminalTitle("x\ufffd]0;y").waitFor();
  });

  step(
    "a hidden view costs nothing: the helper reads only while somebody looks",
    "17-hidden",
    async () => {
      const helper = helperBelow(workbench.folder);
      const rests = async () => {
        const before = readCalls(helper);
        // Longer than the pause between two looks at the sandboxes, which is the shortest.
        await workbench.page.waitForTimeout(2_500);
        return readCalls(helper) === before;
      };
      await workbench.until(
        "the helper to follow the machine",
        async () => !(await rests()) || undefined,
      );
      await workbench.runCommand("View: Show Explorer");
      await workbench.until("the helper to rest", async () => (await rests()) || undefined);
    },
  );

  step("What is this? leads through four steps, done by doing them", "18-walkthrough", async () => {
    await workbench.openTerrarium();
    await workbench.section(sandboxes).getByText("What is this?").click();
    for (const title of ["See what it is made of", "Give it a limit", "Enter something"])
      await workbench.walkthroughStep(title).waitFor();
    const first = workbench.walkthroughStep("Open a sandboxed terminal");
    await workbench.openTerminal(() =>
      first.getByRole("button", { name: "New Sandboxed Terminal" }).click(),
    );
    await workbench.walkthroughStep("Open a sandboxed terminal", "done").waitFor();
  });

  /** A sandbox of the same user, made beside the editor. */
  async function create(t: TestContext, words: readonly string[]): Promise<void> {
    const client = join(checkout, "dist", "bin", "terrarium");
    const run = (...all: string[]) => promisify(execFile)(process.execPath, [client, ...all]);
    t.after(() => run("rm", "-f", "lagoon"));
    await run("create", ...words);
  }

  /** The terminal's sandbox among those that others may have made. */
  function sandboxText(): RegExp {
    return new RegExp(`^${sandboxName}.*terrarium · running`);
  }

  /** What stands behind the arrow of the row `1 → 20481`. */
  async function hostPidInTree(innerPid: number): Promise<number> {
    const row = await workbench.findRow(sandboxes, new RegExp(`^${innerPid}\\s*→\\s*\\d+`));
    return Number(/→\s*(\d+)/.exec((await row.textContent()) ?? "")?.[1]);
  }

  function sandboxRow(): Promise<Locator> {
    return workbench.findRow(sandboxes, sandboxText());
  }

  function beginsWith(text: string): RegExp {
    return new RegExp(`^${text.replace(/[(.]/g, "\\$&")}`);
  }

  /** As `stty` inside reads it. */
  async function terminalSize(): Promise<{ readonly rows: number; readonly columns: number }> {
    await workbench.clearTerminal();
    await workbench.type("stty size");
    const [, rows, columns] = await workbench.waitForText(/^(\d+) (\d+)$/m);
    return { rows: Number(rows), columns: Number(columns) };
  }
});
