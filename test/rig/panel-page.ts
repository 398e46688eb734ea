import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { pageText } from "../../extension/panel/pageText.ts";
import type { PanelMessage, PanelRequest } from "../../helper/protocol/panel.ts";
import { checkout } from "./prepare.mjs";
import { type ThemeName, themeFacts } from "./themes.ts";

/** The panel's page without an editor: the built files behind the same policy, and what VS Code gives to it. */
export interface PanelPage {
  readonly page: Page;
  /** What the page has sent. */
  readonly requests: readonly PanelRequest[];
  /** What the browser complained of: violations of the policy, errors. */
  readonly complaints: readonly string[];
  post(message: PanelMessage): Promise<unknown>;
  setTheme(name: ThemeName): Promise<unknown>;
}

const origin = "http://panel.test";

/** As VS Code defines it before a page's own script runs. */
const editorApi = `
  let state;
  window.acquireVsCodeApi = () => ({
    postMessage: (message) => void globalThis.toEditor(message),
    getState: () => state,
    setState: (next) => { state = next; },
  });
  new ReportingObserver((reports) => {
    for (const { body } of reports) console.error("report: " + JSON.stringify(body));
  }, { buffered: true }).observe();
`;

export async function openPanelPage(
  browser: Browser,
  theme: ThemeName = "dark",
): Promise<PanelPage> {
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  const requests: PanelRequest[] = [];
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.exposeFunction("toEditor", (request: PanelRequest) => void requests.push(request));
  await page.addInitScript(editorApi);
  await page.addInitScript(`document.addEventListener("DOMContentLoaded", ${setThemeOf(theme)})`);
  const read = (name: string) => readFile(join(checkout, "dist/media", name), "utf8");
  const body = pageText({ style: await read("style.css"), script: await read("panel.js") });
  await page.route(`${origin}/**`, (route) => route.fulfill({ contentType: "text/html", body }));
  await page.goto(`${origin}/`);
  return {
    page,
    requests,
    complaints,
    post: (message) => page.evaluate(posting(message)),
    setTheme: (name) => page.evaluate(`(${setThemeOf(name)})()`),
  };
}

function posting(message: PanelMessage): string {
  return `void dispatchEvent(new MessageEvent("message", { data: ${JSON.stringify(message)} }))`;
}

/** What VS Code does with a theme: variables on the root element, and a class on the body. */
function setThemeOf(name: ThemeName): string {
  const { bodyClass, variables } = themeFacts(name);
  return `() => {
    document.documentElement.removeAttribute("style");
    for (const [variable, value] of Object.entries(${JSON.stringify(variables)})) {
      document.documentElement.style.setProperty(variable, value);
    }
    document.body.className = ${JSON.stringify(bodyClass)};
  }`;
}
