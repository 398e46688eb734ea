import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { referenceFiles } from "../../helper/reference/files.ts";
import { sandboxFileSchema } from "../../helper/reference/schema.ts";

const checkout = join(import.meta.dirname, "..", "..");

describe("what is made from the tables", () => {
  for (const [path, text] of Object.entries(referenceFiles())) {
    test(`${path} is up to date; "npm run reference" makes it`, () => {
      assert.equal(readFileSync(join(checkout, path), "utf8"), text);
    });
  }
});

describe("the schema of sandbox.json", () => {
  test("is the one that the editor checks those files against", () => {
    const manifest = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"));
    assert.deepEqual(manifest.contributes.jsonValidation, [
      { fileMatch: ["sandbox.json", "*.sandbox.json"], url: "./media/sandbox.schema.json" },
    ]);
  });

  test("knows no other keys than it names, and names the kernel's files for limits", () => {
    const { additionalProperties, properties } = sandboxFileSchema();
    assert.equal(additionalProperties, false);
    const limits = JSON.stringify(properties?.["limits"]);
    for (const file of ["cpu.max", "cpu.cfs_quota_us", "memory.max", "pids.max"]) {
      assert.ok(limits.includes(file), file);
    }
  });
});
