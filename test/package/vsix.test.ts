import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { after, before, describe, it } from "node:test";
import { Workbench } from "../editor/workbench.ts";
import { checkout, toolEnvironment } from "../rig/prepare.mjs";
import { runQuietly } from "../rig/quiet-command.mjs";

const maximumBytes = 6 * 1024 * 1024;

/**
 * Everything that a user gets, and nothing else. vsce renames the documents; VS Code adds
 * `.vsixmanifest` when it installs.
 */
const expectedFiles = [
  ".vsixmanifest",
  "LICENSE.txt",
  "changelog.md",
  "dist/bin/chunk-….js",
  "dist/bin/compare-….js",
  "dist/bin/feed-….js",
  "dist/bin/here-….js",
  "dist/bin/install-….js",
  "dist/bin/isolation-….js",
  "dist/bin/limits-….js",
  "dist/bin/preview-….js",
  "dist/bin/remote-….js",
  "dist/bin/report-….js",
  "dist/bin/serve-….js",
  "dist/bin/specFile-….js",
  "dist/bin/terrarium",
  "dist/bin/timeline-….js",
  "dist/bin/updateLimits-….js",
  "dist/extension/chunk-….js",
  "dist/extension/launch-….js",
  "dist/extension/main.js",
  "dist/extension/request-….js",
  "dist/extension/sandboxFile-….js",
  "dist/icon.png",
  "dist/media/panel.js",
  "dist/media/style.css",
  "dist/native/follow",
  "dist/native/koffi.node",
  "dist/native/launcher",
  "dist/native/task-iterator",
  "dist/native/terrarium-helper",
  "dist/package.json",
  "media/icons/icon.png",
  "media/icons/jar-dark.svg",
  "media/icons/jar-light.svg",
  "media/icons/jar.svg",
  "media/icons/terrarium.woff",
  "media/readme/comparison.png",
  "media/readme/panel.png",
  "media/readme/sandboxed-shell.png",
  "media/sandbox.schema.json",
  "media/walkthrough/enter.md",
  "media/walkthrough/limit.md",
  "media/walkthrough/look.md",
  "media/walkthrough/open.md",
  "package.json",
  "package.nls.json",
  "readme.md",
];

describe("The packaged extension", () => {
  const vsix = join(checkout, `terrarium-linux-${process.arch}.vsix`);
  let workbench: Workbench;
  let installed: string;

  before(async () => {
    rmSync(vsix, { force: true });
    await runQuietly(["npm", "run", "package"], { cwd: checkout, env: toolEnvironment() });
    workbench = await Workbench.open();
    installed = installedFolder(join(workbench.folder, "home", "extensions"));
  });

  after(() => workbench?.close());

  it("is small", () => {
    const { size } = statSync(vsix);
    assert.ok(size < maximumBytes, `${size} bytes`);
  });

  it("holds the product and nothing else", () => {
    // esbuild puts a digest into the names of the parts that a face shares or loads.
    const names = filesBelow(installed).map((name) => name.replace(/-[A-Z0-9]{8}\.js$/, "-….js"));
    assert.deepEqual([...new Set(names)], expectedFiles);
  });

  it("takes VS Code's API as it is: a copy for each file is a fifth of its activation", () => {
    const main = readFileSync(join(installed, "dist/extension/main.js"), "utf8");
    assert.match(main, /=require\("vscode"\)/);
    assert.doesNotMatch(main, /\(require\("vscode"\)\)/);
  });

  it("names the platform that its native code was built for", () => {
    const manifest = readFileSync(join(installed, ".vsixmanifest"), "utf8");
    assert.match(manifest, new RegExp(`TargetPlatform="linux-${process.arch}"`));
  });

  it("keeps its programs executable", () => {
    for (const program of [
      "dist/bin/terrarium",
      "dist/native/launcher",
      "dist/native/task-iterator",
      "dist/native/terrarium-helper",
    ]) {
      assert.equal(statSync(join(installed, program)).mode & 0o111, 0o111, program);
    }
  });

  it("opens a sandboxed shell when installed as a user would", async () => {
    await workbench.openTerrarium();
    await workbench.newTerminal("Sandboxed Shell");
    await workbench.waitForText(/[$#] ?$/m);
    await workbench.type("hostname");
    await workbench.waitForText(/^terrarium-/m);
    await workbench.killTerminal();
  });
});

function installedFolder(extensions: string): string {
  const name = readdirSync(extensions).find((entry) => entry.startsWith("terrarium.terrarium-"));
  if (name === undefined) throw new Error(`nothing was installed into ${extensions}`);
  return join(extensions, name);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
