import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A page of Playwright's, or the root element of a frame: where a script runs, whatever policy the page has. */
export interface Scripted {
  evaluate<T>(script: string): Promise<T>;
}

/** What axe finds wrong on a page, one line each; its rules for WCAG 2.2 AA and its own best practices. */
export async function violationsOf(page: Scripted): Promise<readonly string[]> {
  await page.evaluate(axe);
  return page.evaluate(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, any, all, none }) =>
        [id, help, target.join(" "), [...any, ...all, ...none][0]?.message ?? ""].join(" | "))))`);
}

/**
 * Walks by Tab from where the focus is, and tells what the walk missed: what can be focused and was not, or was
 * without a sign that one sees.
 */
export async function missedByTab(page: Scripted, pressTab: () => Promise<void>) {
  const stops = await page.evaluate<number>(watchFocus);
  for (let stop = 0; stop < stops; stop++) await pressTab();
  return page.evaluate<readonly string[]>("missedStops()");
}

/** Of a group with a roving tabindex the one stop counts; radio buttons of a name are such a group, too. */
const watchFocus = `(() => {
  const stops = [...document.querySelectorAll(
    "a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary, [tabindex]",
  )].filter((one) => one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }));
  const seen = new Set([document.activeElement]);
  addEventListener("focusin", ({ target }) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(target);
    if (outlineStyle !== "none" && outlineWidth !== "0px") seen.add(target);
  });
  globalThis.missedStops = () => stops
    .filter((one) => one.isConnected && !seen.has(one))
    .map((one) => one.getAttribute("aria-label") ?? one.textContent.trim() ?? one.outerHTML);
  return stops.length;
})()`;
