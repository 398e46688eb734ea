import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Frame, Page } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong on a page, one line each; its rules for WCAG 2.2 AA and its own best practices. */
export async function violationsOf(page: Page | Frame): Promise<readonly string[]> {
  await page.evaluate(axe);
  return page.evaluate(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, any, all, none }) =>
        [id, help, target.join(" "), [...any, ...all, ...none][0]?.message ?? ""].join(" | "))))`);
}
