#!/usr/bin/env node
import { rm } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { launchBrowser, newPage } from "./browser.ts";
import { makeTemporaryFolder } from "./cache.ts";
import { pageAddress } from "./page-address.ts";
import { testSettings } from "./settings.ts";
import { installVscodeServer } from "./vscode-install.ts";
import { startVscodeServer } from "./vscode-server.ts";

/**
 * Looks like VS Code's executable to `runTests({ vscodeExecutablePath })` of @vscode/test-electron:
 * it runs the extension tests that it is given in the extension host of a VS Code server, behind a
 * headless browser, and ends with the tests' exit code.
 */
async function main(): Promise<number> {
  const { folder, extension, tests } = readArguments();
  await installVscodeServer();
  const home = await makeTemporaryFolder("frontend");
  const server = await startVscodeServer({ home, settings: testSettings, smokeTestDriver: true });
  const browser = await launchBrowser();
  try {
    const page = await newPage(browser);
    const { exitCode } = await watchTests(page);
    await page.goto(pageAddress(server, { folder, extension, tests }));
    return await exitCode;
  } finally {
    await browser.close();
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
}

/** VS Code's own arguments of this kind take one value each; the many others do not matter here. */
function readArguments(): { folder: string; extension: string; tests: string } {
  const { values, positionals } = parseArgs({
    strict: false,
    allowPositionals: true,
    options: {
      extensionDevelopmentPath: { type: "string" },
      extensionTestsPath: { type: "string" },
    },
  });
  const { extensionDevelopmentPath: extension, extensionTestsPath: tests } = values;
  const folder = positionals[0];
  if (typeof extension !== "string" || typeof tests !== "string" || folder === undefined) {
    throw new Error("needs a folder, --extensionDevelopmentPath=… and --extensionTestsPath=…");
  }
  return { folder, extension, tests };
}

/**
 * The workbench calls two functions of the page, if they are there, when tests run in it: one for
 * each line on the extension host's console, one with its exit code.
 */
async function watchTests(page: Page): Promise<{ readonly exitCode: Promise<number> }> {
  let onExit: (code: number) => void = () => undefined;
  const exitCode = new Promise<number>((resolve, reject) => {
    onExit = resolve;
    page.on("close", () => reject(new Error("the page closed before the tests ended")));
    page.on("crash", () => reject(new Error("the page crashed")));
  });
  await page.exposeFunction("codeAutomationExit", (code: number) => onExit(code));
  await page.exposeFunction("codeAutomationLog", (type: string, words: unknown[]) => {
    if (type !== "debug" && type !== "trace") process.stdout.write(`${words.join(" ")}\n`);
  });
  return { exitCode };
}

process.exitCode = await main();
