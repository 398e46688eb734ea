import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { checkout } from "../rig/prepare.mjs";

const script = `
  import { gzipSync, gunzipSync } from "node:zlib";
  import { createHash } from "node:crypto";
  import { readFileSync } from "node:fs";
  import { releaseProgramPages } from "${join(checkout, "helper/kernel/startPages.ts")}";
  const fileKiB = () => Number(/^RssFile:\\s+(\\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1]);
  const work = () => createHash("sha256").update(gunzipSync(gzipSync(new Intl.DateTimeFormat("de").format(0)))).digest("hex");
  const [first, before] = [work(), fileKiB()];
  releaseProgramPages();
  const after = fileKiB();
  console.log(JSON.stringify({ before, after, isSame: work() === first }));
`;

test("a program gives back the pages that its start needed, and works on as before", () => {
  const args = ["--input-type=module", "--eval", script];
  const { before, after, isSame } = JSON.parse(
    execFileSync(process.execPath, args, { encoding: "utf8" }),
  );
  assert.ok(after < before / 2, `${before} kB before, ${after} kB after`);
  assert.ok(isSame);
});
