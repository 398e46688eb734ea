import { chmod, cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, FrameLocator, Locator, Page } from "playwright-core";
import { launchBrowser, newPage } from "../rig/browser.ts";
import { installPackagedExtension } from "../rig/packaged-extension.ts";
import { pageAddress } from "../rig/page-address.ts";
import { checkout } from "../rig/prepare.mjs";
import { testSettings } from "../rig/settings.ts";
import { startVscodeServer, type VscodeServer } from "../rig/vscode-server.ts";

/** Every selector of VS Code's page that the tests use stands in this file. */

const patienceMs = 30_000;
const pollMs = 100;
/** After this long without a terminal, the menu was closed before it heard the choice. */
const menuPatienceMs = 8_000;
const sideBarWidth = 440;
const scrollStep = 60;
const scrollToStart = 1_000_000;
const pictures = join(checkout, "test", "out");

/** Of the page; the tests themselves know no DOM. */
declare function getComputedStyle(of: unknown, pseudo: string): { readonly content: string };

/** What the tests know of an element: they have no DOM. */
interface Styled {
  readonly style: { readonly top: string };
}

/** Runs in the page: every change of the document is looked at, so that no pause of a poll is measured. */
const promptClock = `() => new Promise((resolve) => {
  const known = new Set(document.querySelectorAll(".terminal-wrapper"));
  let begun;
  const isPrompt = (row) => /[$#]\\s*$/.test(row.textContent);
  const look = () => {
    const fresh = [...document.querySelectorAll(".terminal-wrapper")].find((one) => !known.has(one));
    if (![...(fresh?.querySelectorAll(".xterm-rows > div") ?? [])].some(isPrompt)) return;
    observer.disconnect();
    document.removeEventListener("keydown", start, true);
    resolve(performance.now() - begun);
  };
  const start = ({ key }) => {
    if (key === "Enter") begun = performance.now();
  };
  const observer = new MutationObserver(look);
  document.addEventListener("keydown", start, true);
  observer.observe(document.body, { subtree: true, childList: true, characterData: true });
})`;

/** Runs in the page, as a welcome may be there for some frames only. */
const noteWelcomes = `(() => {
  globalThis.welcomes = new Set();
  new MutationObserver(() => {
    const welcomes = [...document.querySelectorAll(".part.sidebar .welcome-view")];
    const isShown = (one) => one.offsetParent !== null && one.textContent !== "";
    for (const one of welcomes.filter(isShown)) globalThis.welcomes.add(one.textContent);
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
})()`;

/** A workbench of its own: server with the packaged extension, browser, copy of the sample. */
export class Workbench {
  readonly folder: string;
  readonly workspace: string;
  readonly page: Page;
  readonly #server: VscodeServer;
  readonly #browser: Browser;

  private constructor(folder: string, server: VscodeServer, browser: Browser, page: Page) {
    this.folder = folder;
    this.workspace = join(folder, "tide-table");
    this.#server = server;
    this.#browser = browser;
    this.page = page;
  }

  /** `settings` stand beside those of every test; `user` whose editor it is, root's by default. */
  static async open(
    settings: Readonly<Record<string, unknown>> = {},
    user?: number,
  ): Promise<Workbench> {
    const folder = await mkdtemp(join(tmpdir(), "terrarium-"));
    if (user !== undefined) await chmod(folder, 0o755);
    const home = join(folder, "home");
    await installPackagedExtension(home);
    const server = await startVscodeServer({
      ...{ home, user },
      settings: { ...testSettings, ...settings },
    });
    const browser = await launchBrowser();
    const workbench = new Workbench(folder, server, browser, await newPage(browser));
    await workbench.#load();
    return workbench;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #load(): Promise<void> {
    await mkdir(pictures, { recursive: true });
    const sample = join(checkout, "test", "editor", "workspace");
    await cp(sample, this.workspace, { recursive: true });
    await this.page.goto(pageAddress(this.#server, { folder: this.workspace }));
    await this.#activityBarItem().waitFor({ timeout: patienceMs });
    await this.#widenSideBar();
  }

  /** As "Developer: Reload Window" does it: the extension host starts anew, the terminals go on. */
  async reload(): Promise<void> {
    const before = await this.terminalCount();
    await this.page.reload();
    await this.#activityBarItem().waitFor({ timeout: patienceMs });
    await this.waitForTerminals((count) => count === before);
  }

  /** By VS Code's own command: it writes the layout of the editors down first. */
  async reloadWindow(): Promise<void> {
    await this.page.evaluate("void (globalThis.isBefore = true)");
    await this.#chooseCommand("Developer: Reload Window");
    await this.until("another page", async () => {
      const isBefore = await this.page.evaluate("globalThis.isBefore").catch(() => true);
      return isBefore === undefined || undefined;
    });
    await this.#activityBarItem().waitFor({ timeout: patienceMs });
  }

  /** Rows say more than fits into the side bar's first width. */
  async #widenSideBar(): Promise<void> {
    const edge = await this.page.locator(".part.sidebar").boundingBox();
    if (edge === null) throw new Error("there is no side bar");
    await this.page.mouse.move(edge.x + edge.width, 450);
    await this.page.mouse.down();
    await this.page.mouse.move(edge.x + sideBarWidth, 450, { steps: 5 });
    await this.page.mouse.up();
  }

  /** Keeps a picture of the page under test/out, after anything that hovers has gone. */
  async picture(name: string): Promise<void> {
    await this.page.mouse.move(720, 320);
    await this.page.screenshot({ path: join(pictures, `${name}.png`), animations: "disabled" });
  }

  /**
   * The page of the webview that is shown, or of one of several: VS Code puts each into a frame of a frame.
   */
  webview(place?: number): FrameLocator {
    const frames = this.page.frameLocator("iframe.webview.ready");
    return (place === undefined ? frames : frames.nth(place)).frameLocator("#active-frame");
  }

  async openTerrarium(): Promise<void> {
    await this.#activityBarItem().click();
    await this.section("Sandboxes & Containers").waitFor();
  }

  /** From now on notes when a view shows what it shows where there is nothing. */
  async noteWelcomes(): Promise<void> {
    await this.page.evaluate(noteWelcomes);
  }

  /** What it was. */
  async welcomes(): Promise<readonly string[]> {
    const texts = await this.page.evaluate("[...globalThis.welcomes]");
    return Array.isArray(texts) ? texts.map(String) : [];
  }

  async openFile(name: string): Promise<void> {
    await this.page.keyboard.press("Control+p");
    await this.page.locator(".quick-input-widget input").fill(name);
    await this.page
      .locator(".quick-input-list .monaco-list-row", { hasText: name })
      .first()
      .click();
    await this.page.locator(".editor-container .view-line").first().waitFor();
  }

  /** One of the views in the side bar. */
  section(title: string): Locator {
    return this.page
      .locator(".part.sidebar .pane")
      .filter({ has: this.page.locator(".pane-header h3.title", { hasText: title }) });
  }

  async expandSection(title: string): Promise<void> {
    await this.#toggleSection(title, "true");
  }

  async collapseSection(title: string): Promise<void> {
    await this.#toggleSection(title, "false");
  }

  async #toggleSection(title: string, expanded: "true" | "false"): Promise<void> {
    const header = this.section(title).locator(".pane-header");
    if ((await header.getAttribute("aria-expanded")) === expanded) return;
    await this.#leaveCards();
    await header.click();
  }

  /**
   * Scrolls a view until a row whose text matches is drawn: only the visible part of a tree is in
   * the page, and other processes of the machine have rows too.
   */
  async findRow(section: string, text: string | RegExp): Promise<Locator> {
    const row = this.row(section, text);
    await this.until(`a row ${text} in ${section}`, async () => {
      if (await row.isVisible()) return true;
      await this.#leaveCards();
      await this.section(section).locator(".pane-body").hover();
      await this.page.mouse.wheel(0, await this.#nextScroll(section));
      return undefined;
    });
    return row;
  }

  /** A card of the row under the mouse lies over other rows. */
  async #leaveCards(): Promise<void> {
    const card = this.page.locator(".monaco-hover").first();
    if (!(await card.isVisible())) return;
    await this.page.mouse.move(760, 340, { steps: 5 });
    // One whose row was scrolled away from under the mouse stays.
    await card
      .waitFor({ state: "hidden", timeout: 1_000 })
      .catch(() => this.page.keyboard.press("Escape"));
    await card.waitFor({ state: "hidden" });
  }

  /** One step down; from the end of the list back to its start. */
  async #nextScroll(section: string): Promise<number> {
    const rows = this.section(section).locator(".monaco-list-row");
    const last = await rows.last().getAttribute("data-last-element");
    return last === "true" ? -scrollToStart : scrollStep;
  }

  /** The first row of a view whose text matches. */
  row(section: string, text: string | RegExp): Locator {
    return this.section(section).locator(".monaco-list-row").filter({ hasText: text }).first();
  }

  async expandRow(row: Locator): Promise<void> {
    await row.waitFor({ timeout: patienceMs });
    if ((await row.getAttribute("aria-expanded")) === "true") return;
    await row.locator(".monaco-tl-twistie").click();
    await this.until("the row to open", async () => {
      return (await row.getAttribute("aria-expanded")) === "true" || undefined;
    });
  }

  async collapseRow(row: Locator): Promise<void> {
    await this.#leaveCards();
    await row.locator(".monaco-tl-twistie").click();
    await this.until("the row to close", async () => {
      return (await row.getAttribute("aria-expanded")) === "false" || undefined;
    });
  }

  /** Right-clicks a row and chooses an entry of its menu. */
  async chooseFromContextMenu(row: Locator, entry: string): Promise<void> {
    await this.#chooseFromMenu(() => row.click({ button: "right" }), entry);
  }

  /**
   * Chooses a profile from the menu behind the terminal panel's "+", and waits until the new
   * terminal is the one that is shown: what is typed next must not go to another.
   */
  async newTerminal(profile: string): Promise<void> {
    await this.showTerminals();
    await this.openTerminal(() => this.chooseProfile(profile));
  }

  /**
   * Chooses from a menu until a terminal comes of it, and waits until that one is shown. A menu that VS Code
   * closes by itself, because what it hangs on is redrawn, takes the choice with it.
   */
  async openTerminal(choose: () => Promise<void>): Promise<void> {
    const before = await this.terminalCount();
    await this.until("a new terminal", async () => {
      await choose();
      const deadline = Date.now() + menuPatienceMs;
      while (Date.now() < deadline) {
        if ((await this.terminalCount()) > before) return true;
        await this.page.waitForTimeout(pollMs);
      }
      return undefined;
    });
    await this.waitForLastTerminal();
  }

  /** Milliseconds from the choice of a profile (Enter in the menu) to a prompt in the new terminal, by the page's own clock. */
  async timeToPrompt(profile: string): Promise<number> {
    // Not its promise: Playwright would wait for that.
    await this.page.evaluate(`void (globalThis.timeToPrompt = (${promptClock})())`);
    await this.openTerminal(() => this.chooseProfile(profile));
    return this.page.evaluate("timeToPrompt");
  }

  /** What VS Code says that an extension's activation took. */
  async activationMs(name: string): Promise<number> {
    await this.runCommand("Developer: Show Running Extensions");
    const list = this.page.locator(".runtime-extensions-editor");
    const extension = list.locator(".extension", { hasText: name }).first();
    // Those that took longer stand above, and only what one can see is in the page.
    await this.until(`${name} among the running extensions`, async () => {
      if (await extension.isVisible()) return true;
      await list.hover();
      await this.page.mouse.wheel(0, scrollStep);
      return undefined;
    });
    const text = await extension.textContent();
    const figure = /Activation[^:]*: (\d+)ms/.exec(text ?? "")?.[1];
    if (figure === undefined) throw new Error(`VS Code says no time: ${text}`);
    return Number(figure);
  }

  /** Only the choice: whether a terminal comes of it is another question. */
  async chooseProfile(profile: string): Promise<void> {
    const launch = this.page.getByRole("button", { name: "Launch Profile..." });
    await this.#chooseFromMenu(() => launch.click(), profile);
  }

  /** Waits until the newest terminal is the one that is shown. */
  async waitForLastTerminal(): Promise<void> {
    const last = this.page.locator(".terminal-wrapper").last();
    await this.until("the new terminal to be shown", async () => {
      return /\bactive\b/.test((await last.getAttribute("class")) ?? "") || undefined;
    });
  }

  /** Runs a command by its title from the command palette. */
  async runCommand(title: string): Promise<void> {
    await this.#chooseCommand(title);
    await this.#quickInput().waitFor({ state: "hidden" });
  }

  /** One that asks for more: its box may follow so soon that none is hidden in between. */
  async beginCommand(title: string): Promise<void> {
    await this.#chooseCommand(title);
  }

  async #chooseCommand(title: string): Promise<void> {
    await this.page.keyboard.press("F1");
    await this.#quickInput().fill(`>${title}`);
    await this.page
      .locator(".quick-input-list .monaco-list-row", { hasText: title })
      .first()
      .click();
  }

  /** The list that a command shows, by what stands over it. */
  quickPick(title: string | RegExp): Locator {
    return this.page
      .locator(".quick-input-widget")
      .filter({ has: this.page.locator(".quick-input-title", { hasText: title }) });
  }

  /** One of its lines. */
  quickPickRow(text: string | RegExp): Locator {
    return this.page
      .locator(".quick-input-list .monaco-list-row")
      .filter({ hasText: text })
      .first();
  }

  /** An entry of the Problems panel. */
  problem(text: string | RegExp): Locator {
    return this.page.locator(".markers-panel .monaco-list-row").filter({ hasText: text }).first();
  }

  /** The title of the editor that is shown. */
  activeEditorTab(): Locator {
    return this.page.locator(".tabs-container .tab.active");
  }

  /** Types into the box of a command that asks. */
  async fillBox(text: string): Promise<void> {
    await this.#quickInput().fill(text);
  }

  /** Clicks a button beside a view's title, which is there while the mouse is. */
  async clickTitleButton(section: string, name: string): Promise<void> {
    await this.#leaveCards();
    const header = this.section(section).locator(".pane-header");
    await header.locator("h3.title").hover();
    await header.getByRole("button", { name }).click();
  }

  /** The card of the row under the mouse. */
  card(text: RegExp): Locator {
    return this.page.locator(".monaco-hover").filter({ hasText: text }).first();
  }

  /** The lines of the document that is shown, as many as are drawn. */
  async documentText(): Promise<string> {
    const lines = this.page.locator(".editor-instance .view-line");
    const drawn = await lines.evaluateAll((all) =>
      all.map((line) => ({
        top: Number.parseInt((line as unknown as Styled).style.top, 10),
        text: line.textContent ?? "",
      })),
    );
    const inOrder = drawn.sort((a, b) => a.top - b.top);
    return inOrder.map(({ text }) => text.replaceAll("\u00a0", " ").trimEnd()).join("\n");
  }

  /** A command above a line of the document that is shown. */
  lens(title: string): Locator {
    return this.page.locator(".editor-instance .codelens-decoration a", { hasText: title });
  }

  /** A step of the walkthrough that is shown, or its mark once it is done. */
  walkthroughStep(title: string, part: "heading" | "done" = "heading"): Locator {
    const step = this.page.locator(".getting-started-step").filter({ hasText: title });
    return part === "done" ? step.getByRole("checkbox", { checked: true }) : step;
  }

  /** Our item in the status bar. */
  statusItem(): Locator {
    return this.page.locator('.statusbar-item[id="terrarium.terrarium.terrarium.status"]');
  }

  /** A line of the list that a command shows. */
  choice(text: string | RegExp): Locator {
    return this.page.locator(".quick-input-list .monaco-list-row").filter({ hasText: text });
  }

  #quickInput(): Locator {
    return this.page.locator(".quick-input-widget input");
  }

  /** Chooses a colour theme by its title. */
  async chooseTheme(title: string): Promise<void> {
    await this.#chooseCommand("Preferences: Color Theme");
    await this.page.getByPlaceholder(/Color Theme/).fill(title);
    await this.page
      .locator(".quick-input-list .monaco-list-row.focused", { hasText: title })
      .waitFor();
    await this.page.keyboard.press("Enter");
    await this.#quickInput().waitFor({ state: "hidden" });
  }

  /** How many terminals are open. */
  async terminalCount(): Promise<number> {
    return this.page.locator(".terminal-wrapper").count();
  }

  async waitForTerminals(enough: (count: number) => boolean): Promise<void> {
    await this.until("another number of terminals", async () => {
      return enough(await this.terminalCount()) || undefined;
    });
  }

  /** Types into the terminal that is shown, and presses Enter. */
  async type(text: string): Promise<void> {
    await this.#focusTerminal();
    await this.page.keyboard.insertText(text);
    await this.page.keyboard.press("Enter");
  }

  async press(key: string): Promise<void> {
    await this.#focusTerminal();
    await this.page.keyboard.press(key);
  }

  /** The lines that the shown terminal shows, without trailing blanks. */
  async terminalLines(): Promise<string[]> {
    const rows = this.#activeTerminal().locator(".xterm-screen > .xterm-rows > div");
    const lines = await rows.evaluateAll((found) => found.map((row) => row.textContent ?? ""));
    return lines.map((line) => line.replaceAll("\u00a0", " ").trimEnd());
  }

  /** Waits until the shown terminal's text matches, and gives the match. */
  async waitForText(pattern: RegExp): Promise<RegExpExecArray> {
    return this.until(`the terminal to show ${pattern}`, async () => {
      return pattern.exec((await this.terminalLines()).join("\n")) ?? undefined;
    });
  }

  async clearTerminal(): Promise<void> {
    await this.press("Control+l");
    await this.until("an empty terminal", async () => {
      return (await this.terminalLines()).slice(1).every((line) => line === "") || undefined;
    });
  }

  /** Closes the shown terminal with the panel's own button. */
  async killTerminal(): Promise<void> {
    const before = await this.terminalCount();
    await this.runCommand("Terminal: Kill the Active Terminal Instance");
    await this.waitForTerminals((count) => count < before);
  }

  /** The entry of a terminal in the panel's list or bar, by its title. */
  terminalTitle(text: string): Locator {
    const places = ".terminal-tabs-entry, .single-terminal-tab";
    return this.page.locator(places).filter({ hasText: text }).last();
  }

  /** The mark that a decoration puts beside a row's or a tab's label; empty without one. */
  async mark(of: Locator): Promise<string> {
    const label = of.locator(".monaco-icon-label").first();
    const content = await label.evaluate((one) => getComputedStyle(one, "::after").content);
    return content === "none" || content === "normal" ? "" : content.replaceAll('"', "");
  }

  async togglePanelSize(): Promise<void> {
    await this.runCommand("View: Toggle Maximized Panel");
  }

  /** A dialog that the whole window waits for. */
  dialog(text: string | RegExp): Locator {
    return this.page.locator(".monaco-dialog-box").filter({ hasText: text });
  }

  /** Text of a notification that VS Code shows. */
  notification(text: string | RegExp): Locator {
    return this.page.locator(".notification-list-item").filter({ hasText: text });
  }

  /** Polls until the probe gives something other than undefined. */
  async until<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      const value = await probe();
      if (value !== undefined) return value;
      await this.page.waitForTimeout(pollMs);
    }
    throw new Error(`waited in vain for ${what}; the terminal shows:\n${await this.#shownText()}`);
  }

  async #shownText(): Promise<string> {
    if ((await this.#activeTerminal().count()) === 0) return "(there is none)";
    return (await this.terminalLines()).join("\n").trimEnd();
  }

  /**
   * A menu closes when VS Code redraws the toolbar under it: it is opened again until it stays. The
   * entry is chosen by Enter, because a menu ignores the mouse button for its first 100 ms.
   */
  async #chooseFromMenu(open: () => Promise<void>, entry: string): Promise<void> {
    const item = this.page.getByRole("menuitem", { name: entry, exact: true });
    await this.until(`the menu entry ${entry}`, async () => {
      await open();
      return item.hover({ timeout: 2_000 }).then(
        () => true,
        () => this.page.keyboard.press("Escape").then(() => undefined),
      );
    });
    await this.page.keyboard.press("Enter");
    await item.waitFor({ state: "hidden" });
  }

  #activityBarItem(): Locator {
    return this.page.locator('.activitybar .action-label[aria-label^="Terrarium"]');
  }

  /** VS Code opens a plain terminal with the panel: the menu is steady when its prompt stands. */
  async showTerminals(): Promise<void> {
    const panel = this.page.locator(".part.panel .terminal-outer-container");
    if (!(await panel.isVisible())) await this.runCommand("View: Toggle Terminal");
    await this.waitForText(/[$#] ?$/m);
  }

  async #focusTerminal(): Promise<void> {
    await this.#activeTerminal().locator(".xterm-helper-textarea").first().focus();
  }

  #activeTerminal(): Locator {
    return this.page.locator(".terminal-wrapper.active .xterm").first();
  }
}
