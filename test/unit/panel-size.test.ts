import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { test } from "node:test";

const folder = new URL("../../dist/media/", import.meta.url);
const mostBytes = 150 * 1024;

test("what the panel's page loads is small: it is parsed anew each time that a panel is shown", () => {
  const sizes = readdirSync(folder).map((name) => statSync(new URL(name, folder)).size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(sizes.length > 0);
  assert.ok(total <= mostBytes, `${total} bytes`);
});
