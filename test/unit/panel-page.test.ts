import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);

/** Everything by which a text could become markup, a script or a style (CSP would stop the last two). */
const parsers =
  /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc|\beval\b|new Function|setAttribute\("style"|cssText/;

test("nothing in the panel's page parses markup: a process may be named <img onerror=…>", () => {
  const sources = globSync("media/panel/**/*.ts", { cwd: root.pathname });
  assert.ok(sources.length > 10);
  const parsing = sources.filter((file) =>
    parsers.test(
      readFileSync(new URL(file, root), "utf8").replace(/^\s*(\/\*\*|\*|\/\/).*$/gm, ""),
    ),
  );
  assert.deepEqual(parsing, []);
});

test("the panel's page holds a script, a style sheet and no text of anybody's", () => {
  const page = readFileSync(new URL("extension/panel/pageText.ts", root), "utf8");
  const values = [...page.matchAll(/\$\{([^}]+)\}/g)].map((match) => match[1]);
  assert.deepEqual(values, [
    "styleSource",
    "nonce",
    "policy",
    'file("style.css")',
    "nonce",
    'file("panel.js")',
  ]);
});
