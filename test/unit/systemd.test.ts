import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCgroupMemberships } from "../../helper/kernel/proctext.ts";
import { sandboxIdOf } from "../../helper/limits/places.ts";
import { rootAbove } from "../../helper/systemd/booted.ts";
import { scopeId, scopeName } from "../../helper/systemd/units.ts";

const id = "a1b2c3d4e5f6";

describe("the cgroup below which systemd's units lie", () => {
  for (const [machine, text, root] of [
    ["version 2", "0::/init.scope\n", "/"],
    ["both versions", "9:name=systemd:/init.scope\n4:memory:/init.scope\n0::/init.scope\n", "/"],
    ["version 1", "9:name=systemd:/init.scope\n4:memory:/\n", "/"],
    [
      "a container",
      "0::/machine.slice/machine-x.scope/payload/init.scope\n",
      "/machine.slice/machine-x.scope/payload",
    ],
    ["another init", "0::/\n", undefined],
    ["one that only a controller calls so", "4:memory:/init.scope\n0::/\n", undefined],
  ] as const) {
    test(`is read from where PID 1 is: ${machine}`, () => {
      assert.equal(rootAbove(parseCgroupMemberships(text)), root);
    });
  }
});

describe("the sandbox whose cgroup one is", () => {
  test("is known by the names of it and the one above", () => {
    assert.equal(sandboxIdOf("terrarium", id), id);
    assert.equal(sandboxIdOf(scopeName(id), "sandbox"), id);
  });

  test("is nobody's where only one of them is ours", () => {
    assert.equal(sandboxIdOf(scopeName(id), "monitor"), undefined);
    assert.equal(sandboxIdOf("terrarium-x.scope", "sandbox"), undefined);
    assert.equal(sandboxIdOf("user.slice", "sandbox"), undefined);
    for (const name of ["terrarium.slice", `terrarium-${id}.service`, `x-terrarium-${id}.scope`]) {
      assert.equal(scopeId(name), undefined);
    }
  });
});
