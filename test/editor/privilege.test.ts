import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { ownSocket } from "../../helper/protocol/helperSockets.ts";
import { clientOfUser } from "../kernel/cli.ts";
import { makeSteps } from "./steps.ts";
import { Workbench } from "./workbench.ts";

/** Somebody who owns nothing on this machine. */
const user = 65_103;
const socket = ownSocket(user);

/** An ordinary user's editor on a machine where root's helper comes and goes. */
describe("An ordinary user's editor", { skip: whyNot() ?? false }, () => {
  let workbench: Workbench;
  let helper: ChildProcess | undefined;
  const step = makeSteps(() => workbench);

  before(async () => {
    workbench = await Workbench.open({}, user);
  });

  after(async () => {
    await workbench?.close();
    await endHelper();
  });

  step("works at once, and says what needs the root helper", "100-rootless", async () => {
    await workbench.openTerrarium();
    const hidden = workbench.section("Namespaces").getByText(/hidden processes · needs the root/);
    await hidden.waitFor();
    await workbench.statusItem().click();
    const state = new RegExp(`rootless \\(uid ${user}\\): it needs no privilege`);
    await workbench.page.getByPlaceholder(state).waitFor();
    await workbench.choice("Install Privileged Helper…").waitFor();
    await workbench.page.keyboard.press("Escape");
    assert.equal(await workbench.notification(/./).count(), 0);
  });

  step("names what keeps root's helper away from who asks for it", "101-lacking", async () => {
    await workbench.clickTitleButton("Namespaces", "Use Privileged Helper");
    const message = workbench.notification("Root's helper is not installed on this machine.");
    await message.getByRole("button", { name: "Install Privileged Helper…" }).click();
    const question = workbench.dialog("Install Terrarium's privileged helper?");
    await question.getByText(/sudo env .* install-helper/).waitFor();
    await question.getByRole("button", { name: "Cancel" }).click();
    assert.equal(await workbench.terminalCount(), 0);
  });

  step("is served by root's helper that listens for it", "102-root", async () => {
    await startHelper();
    await workbench.runCommand("Terrarium: Use Privileged Helper");
    await untilState(`root, for user id ${user}: root's helper listens`);
    const settings = join(workbench.folder, "home", "user", "Machine", "settings.json");
    await workbench.until("the setting", async () => {
      return /"terrarium\.helper": "privileged"/.test(readFileSync(settings, "utf8")) || undefined;
    });
    await workbench
      .section("Namespaces")
      .getByText(/needs the root/)
      .waitFor({ state: "detached" });
  });

  step("and by its own when that is gone, without a question", "103-own-again", async () => {
    await endHelper();
    await workbench.until("the warning", async () => {
      return (await workbench.statusItem().locator(".codicon-warning").count()) > 0 || undefined;
    });
    await untilState(`rootless (uid ${user})`);
    await workbench.row("Namespaces", /^pid/).waitFor();
  });

  /** As the item in the status bar tells it. */
  async function untilState(words: string): Promise<void> {
    await workbench.until(words, async () => {
      const told = await workbench.statusItem().getAttribute("aria-label");
      return told?.includes(words) || undefined;
    });
  }

  /** What `sudo terrarium-helper --socket` does, but that nobody can be asked there. */
  async function startHelper(): Promise<void> {
    const [node = "", program = ""] = clientOfUser(user).command.slice(-2);
    helper = spawn(node, [program, "helper", "--socket"], {
      cwd: "/",
      env: { PATH: process.env["PATH"], SUDO_UID: `${user}`, SUDO_GID: `${user}` },
      stdio: "ignore",
    });
    await workbench.until("root's helper", async () => existsSync(socket) || undefined);
  }

  async function endHelper(): Promise<void> {
    if (helper?.exitCode === null && helper.signalCode === null) {
      const ended = once(helper, "exit");
      helper.kill("SIGKILL");
      await ended;
    }
    rmSync(socket, { force: true });
  }
});

/** The editor and its Node have to be where that user can read them. */
function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root, to start somebody else's editor";
  try {
    process.seteuid?.(user);
    accessSync(process.execPath);
    return undefined;
  } catch {
    return "needs a checkout that other users may read";
  } finally {
    process.seteuid?.(0);
  }
}
