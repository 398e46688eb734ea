import { type Browser, chromium, type Page } from "playwright-core";

/** Debian's Chromium: Playwright's own build would have to be downloaded. */
const executablePath = "/usr/bin/chromium";

const flags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A headless browser; root needs --no-sandbox, everybody else keeps Chromium's own sandbox. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    chromiumSandbox: process.getuid?.() !== 0,
    args: flags,
  });
}

/** A page the size of a laptop's screen, dark, as in the README's pictures. */
export function newPage(browser: Browser): Promise<Page> {
  return browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: "dark" });
}
