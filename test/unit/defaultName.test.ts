import assert from "node:assert/strict";
import { test } from "node:test";
import { sandboxName } from "../../helper/protocol/schemas.ts";
import { defaultName, defaultNameCount } from "../../helper/sandboxes/defaultName.ts";

const nobody: ReadonlySet<string> = new Set();
const all = Array.from({ length: defaultNameCount }, (_, draw) => defaultName(draw, nobody));

test("every default name is a sandbox's name, two short words, and different from the others", () => {
  for (const name of all) {
    assert.match(name, /^[a-z]{3,6}-[a-z]{2,6}$/);
    assert.ok(sandboxName.safeParse(name).success, name);
  }
  assert.equal(new Set(all).size, defaultNameCount);
  assert.ok(defaultNameCount > 2_000);
});

test("a name that is taken is passed over, also at the end of the list", () => {
  assert.equal(defaultName(0, new Set([all[0] ?? ""])), all[1]);
  assert.equal(defaultName(defaultNameCount - 1, new Set(all.slice(-1))), all[0]);
});

test("when all are taken a number makes one more", () => {
  const taken = new Set(all);
  const first = defaultName(7, taken);
  assert.equal(first, `${all[7]}-2`);
  taken.add(first);
  assert.equal(defaultName(7, taken), `${all[7]}-3`);
});
