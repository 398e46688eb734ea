import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { describe, test } from "node:test";
import { readLoads } from "../../helper/install/elf.ts";
import { manifestText } from "../../helper/install/manifest.ts";
import { isOlder } from "../../helper/install/olderVersions.ts";
import { policyText } from "../../helper/install/policy.ts";
import { whyOpenLoads } from "../../helper/install/runtime.ts";
import { serviceText } from "../../helper/install/units.ts";
import { isVersion } from "../../helper/install/versions.ts";
import { classes } from "../../helper/server/classes.ts";

describe("which runtime root may have", () => {
  test("is read from the program itself: this Node's loader and libraries", () => {
    const file = openSync(process.execPath, "r");
    const loads = readLoads(file);
    closeSync(file);
    assert.match(loads?.interpreter ?? "", /^\/.*ld-.*\.so/);
    assert.ok(loads?.libraries.includes("libc.so.6"));
  });

  test("a script is none", () => {
    const file = openSync(import.meta.filename, "r");
    assert.equal(readLoads(file), undefined);
    closeSync(file);
  });

  const system = { interpreter: "/proc/version", libraries: ["libc.so.6"], searchPath: [] };

  test("not one that looks for libraries where somebody may put them", () => {
    for (const searchPath of [
      "/tmp/lib",
      "",
      "lib",
      "$LIB",
      "$ORIGIN/../lib",
      "$ORIGIN/a/../../../home",
    ]) {
      assert.notEqual(whyOpenLoads({ ...system, searchPath: [searchPath] }), undefined, searchPath);
    }
    assert.notEqual(whyOpenLoads({ ...system, libraries: ["/tmp/libx.so"] }), undefined);
    assert.notEqual(whyOpenLoads({ ...system, libraries: ["./libx.so"] }), undefined);
  });

  test("but one that looks beside itself, where only root's copy is", () => {
    for (const searchPath of ["$ORIGIN", "$ORIGIN/lib", "$ORIGIN/..lib"]) {
      assert.equal(whyOpenLoads({ ...system, searchPath: [searchPath] }), undefined, searchPath);
    }
  });
});

describe("what root's helper is told to the system", () => {
  test("polkit knows every action that is asked about, in both languages, and keeps none that changes", () => {
    const policy = policyText("1.2.3");
    const actions = policy.split("<action ").slice(1);
    for (const { action } of Object.values(classes).filter((one) => "action" in one)) {
      const text = actions.find((one) => one.startsWith(`id="${action}"`)) ?? "";
      assert.equal(text.match(/<message/g)?.length, 2, action);
      assert.match(text, /xml:lang="zh_CN">\p{Script=Han}/u);
    }
    for (const name of ["enter", "limits", "sandbox"]) {
      const text = actions.find((one) => one.includes(`.${name}"`)) ?? "";
      assert.doesNotMatch(text, /keep|>yes</, name);
    }
    assert.doesNotMatch(policy, />yes</);
  });

  test("pkexec and systemd start the same program, of that version", () => {
    const starter = "/usr/lib/terrarium/1.2.3/terrarium-helper";
    assert.match(policyText("1.2.3"), new RegExp(`exec.path">${starter}<`));
    assert.match(serviceText("1.2.3"), new RegExp(`^ExecStart=${starter} --systemd$`, "m"));
  });

  test("a version leads to no other directory", () => {
    for (const text of ["1.2.3", "0.1.0-beta.1"]) assert.ok(isVersion(text), text);
    for (const text of ["../../etc", "1.2.3/..", "1.2", ".1.2.3", "1.2.3 "]) {
      assert.ok(!isVersion(text), text);
    }
  });

  test("the service removes older versions, and no later ones", () => {
    for (const [one, other] of [
      ["0.1.0", "0.2.0"],
      ["0.9.9", "1.0.0"],
      ["1.2.9", "1.2.10"],
    ] as const) {
      assert.ok(isOlder(one, other), one);
      assert.ok(!isOlder(other, one), one);
    }
    assert.ok(!isOlder("1.0.0-beta", "1.0.0"));
  });

  test("the manifest ends with a digest of all above it", () => {
    const entries = [
      { kind: "directory", name: "bin", mode: 0o755 },
      { kind: "file", name: "bin/x", mode: 0o644, size: 1, pieces: ["aa"] },
    ] as const;
    const lines = manifestText("node", entries).split("\n");
    assert.deepEqual(lines.slice(0, 5), [
      "terrarium-manifest 1",
      "runtime node",
      "directory 0755 bin",
      "file 0644 1 bin/x",
      "piece aa",
    ]);
    assert.match(lines[5] ?? "", /^end [0-9a-f]{64}$/);
  });
});
