import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { escapeMarkdown, withoutIcons, withoutLinks } from "../../extension/plain.ts";
import { terminalEnvironment } from "../../extension/terminals/environment.ts";
import { chooseWorkspace } from "../../extension/terminals/workspace.ts";

const steering = /[\p{C}\p{Zl}\p{Zp}]/u;

test("no place that shows a value can be broken, coloured or reordered by it", () => {
  const value = "a\n[error] b\u001b[31m\u009b1m exe\u202etxt\u2066\u2028";
  for (const clean of [withoutLinks, withoutIcons, escapeMarkdown]) {
    assert.doesNotMatch(clean(value), steering, clean.name);
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !steering.test(clean(text))));
  }
});

test("a notification cannot be given a link by a value", () => {
  fc.assert(fc.property(fc.string(), (text) => !/\]\(/.test(withoutLinks(`${text}](command:x)`))));
});

test("a quick pick cannot be given an icon by a value", () => {
  fc.assert(fc.property(fc.string(), (text) => !/\$\(/.test(withoutIcons(`$(x)${text}`))));
});

test("a card cannot be given markup by a value", () => {
  assert.equal(
    escapeMarkdown("<b>|`$(x)`[a](command:b)&amp;\n# *"),
    "&#60;b&#62;\\|\\`\\$\\(x\\)\\`\\[a\\]\\(command\\:b\\)&#38;amp;�\\# \\*",
  );
});

test("a terminal gets the variables that its sandbox.json names, and no others", () => {
  const environment = terminalEnvironment({ EDITOR: "vi", TOKEN: "secret" }, ["EDITOR", "ABSENT"]);
  assert.deepEqual(environment, { EDITOR: "vi", COLORTERM: "truecolor", TERM_PROGRAM: "vscode" });
});

test("a terminal learns the language of the editor and none of its secrets", () => {
  const environment = terminalEnvironment({
    LANG: "de_DE.UTF-8",
    LC_ALL: "C",
    SSH_AUTH_SOCK: "/run/agent",
    VSCODE_IPC_HOOK_CLI: "/run/ipc",
    GIT_ASKPASS: "askpass",
    LC_: "odd",
    PATH: "/bin",
  });
  assert.deepEqual(environment, {
    LANG: "de_DE.UTF-8",
    LC_ALL: "C",
    COLORTERM: "truecolor",
    TERM_PROGRAM: "vscode",
  });
});

test("a new sandbox gets the folder of the active file, else the first", () => {
  const folders = ["/home/me/one", "/home/me/two"];
  assert.deepEqual(chooseWorkspace(folders, "/home/me/two", "/home/me"), {
    folder: "/home/me/two",
  });
  assert.deepEqual(chooseWorkspace(folders, undefined, "/home/me"), { folder: "/home/me/one" });
});

test("a folder that is or holds the home directory is not shared, and the reason is said", () => {
  assert.deepEqual(chooseWorkspace(["/home/me"], undefined, "/home/me"), {
    reason: "the open folder is your home directory",
  });
  for (const folder of ["/home", "/"]) {
    assert.deepEqual(chooseWorkspace([folder], undefined, "/home/me"), {
      reason: "the open folder contains your home directory",
    });
  }
  assert.deepEqual(chooseWorkspace([], undefined, "/home/me"), { reason: "no folder is open" });
});

test("a folder beside the home directory is no part of it", () => {
  for (const folder of ["/home/me2", "/home/me/..work", "/home/you"]) {
    assert.deepEqual(chooseWorkspace([folder], undefined, "/home/me"), { folder });
  }
});
