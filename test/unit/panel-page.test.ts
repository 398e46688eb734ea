import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { pageText } from "../../extension/panel/pageText.ts";

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
  assert.deepEqual(values, ["nonce", "nonce", "policy", "nonce", "style", "nonce", "script"]);
});

test("nothing in the built script and style sheet ends the element that they stand in", () => {
  const read = (file: string) => readFileSync(new URL(`dist/media/${file}`, root), "utf8");
  assert.doesNotMatch(read("panel.js"), /<\/script|<!--/i);
  assert.doesNotMatch(read("style.css"), /<\/style|<!--|url\(|@import/i);
});

const newPage = () => pageText({ style: "p { color: red }", script: "work()" });

test("the panel's page may run its one script and its one style sheet by a nonce, and load nothing", () => {
  const page = newPage();
  const nonce = /<script nonce="([\w-]{24})"/.exec(page)?.[1];
  assert.ok(page.includes(`<style nonce="${nonce}">p { color: red }</style>`));
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
  assert.equal(
    policy,
    `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`,
  );
});

test("each page of a panel has a nonce of its own", () => {
  const nonces = Array.from({ length: 20 }, () => /nonce="([^"]+)"/.exec(newPage())?.[1]);
  assert.equal(new Set(nonces).size, 20);
});

test("a panel's page reaches no file, restored or new", () => {
  const read = (file: string) => readFileSync(new URL(`extension/panel/${file}`, root), "utf8");
  const panels = read("panels.ts");
  assert.deepEqual(panels.match(/localResourceRoots: .*/g), ["localResourceRoots: [] };"]);
  for (const place of [
    /createWebviewPanel\([^;]*\boptions,/,
    /view\.webview\.options = options;/,
  ]) {
    assert.match(panels, place);
  }
  assert.equal(
    globSync("extension/**/*.ts", { cwd: root.pathname })
      .filter((file) =>
        /createWebview|registerWebview|enableCommandUris|enableForms/.test(
          readFileSync(new URL(file, root), "utf8"),
        ),
      )
      .join(),
    "extension/panel/panels.ts",
  );
});
