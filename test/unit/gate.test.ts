import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { verdictOf } from "../../helper/polkit/authority.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { MethodName } from "../../helper/protocol/methods.ts";
import { classes, classOf } from "../../helper/server/classes.ts";
import { openAuthoriser } from "../../helper/server/gate/authoriser.ts";
import { meter, openAllowance } from "../../helper/server/gate/meter.ts";
import {
  accountOf,
  allowanceOf,
  connectionsPerUser,
  enter,
  leave,
  roomOf,
  takeTurn,
} from "../../helper/server/gate/rates.ts";
import { isDeniedToAgent, namesSandbox } from "../../helper/server/gate/refusals.ts";
import { isAskedMethod } from "../../helper/server/gate/wanted.ts";
import { methods } from "../../helper/server/methods.ts";
import { busctlPath } from "../../helper/systemd/busctl.ts";

const answer = (...data: readonly unknown[]) => JSON.stringify({ type: "(bba{ss})", data: [data] });

describe("what polkit says", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["yes", answer(true, false, {}), "authorised"],
    ["no", answer(false, false, {}), "denied"],
    [
      "somebody has closed the dialogue",
      answer(false, true, { "polkit.dismissed": "true" }),
      "dismissed",
    ],
    ["there was nobody to ask", answer(false, true, {}), "noAgent"],
    ["nothing: no bus, no polkit, no such action", "", "noPolkit"],
    ["something else", '{"data":[[1,0,{}]]}', "noPolkit"],
    ["half of an answer", '{"type":"(bba{ss})","data":[[true', "noPolkit"],
  ];
  for (const [what, json, verdict] of cases) {
    test(`is ${verdict} where it is: ${what}`, () => assert.equal(verdictOf(json), verdict));
  }
});

/** An earlier client of somebody's, whose pidfd was closed: its number may be another descriptor's by now. */
const gone = {
  ...{ uid: 65_190, gid: 65_190, groups: [], pid: 1, startTimeTicks: 1, pidfd: 0 },
  ...{ loginUid: undefined, isAlive: () => false, dispose: () => undefined },
};

const needsBusctl = { skip: busctlPath() ? false : "there is no busctl(1) to ask by" };

test("nobody is asked on behalf of who has gone", needsBusctl, async () => {
  let started = 0;
  const count = () => {
    started += 1;
  };
  subscribe("child_process", count);
  const { action } = classes.enter;
  const allowed = openAuthoriser(gone, "alice").allow({ action, what: "enter process 1" });
  await assert.rejects(
    allowed,
    (error) => TerrariumError.is(error, "notAuthorised") && error.args.why === "gone",
  );
  unsubscribe("child_process", count);
  assert.equal(started, 0);
});

describe("the classes", () => {
  const names = Object.keys(methods) as MethodName[];

  test("let nothing that changes something be done by root without a question about that very thing", () => {
    for (const name of names.filter((one) => methods[one].changes)) {
      const { first } = classes[classOf[name]];
      assert.equal(first, "agent", name);
    }
  });

  test("have words and a thing to pin for each request that is asked about, but for trials, which were", () => {
    const asked = names.filter((name) => ["enter", "limits"].includes(classOf[name]));
    const trials = ["limits/keep", "limits/revert"];
    for (const name of asked) assert.equal(isAskedMethod(name), !trials.includes(name), name);
  });
});

describe("an agent's answer", () => {
  test("has root asked only where the kernel denied it", () => {
    const denied = [
      new TerrariumError("processDenied", { pid: 1, errno: "EACCES" }),
      new TerrariumError("needsPrivilege", { what: "x", needs: "root" }),
      new TerrariumError("cgroupFailed", { call: "write", path: "/x", errno: "EPERM" }),
      new TerrariumError("noSuchContainer", { key: "docker:1f" }),
    ];
    const others = [
      new TerrariumError("noSuchProcess", { pid: 1 }),
      new TerrariumError("nameTaken", { name: "x" }),
      new TerrariumError("cgroupFailed", { call: "write", path: "/x", errno: "EBUSY" }),
      new Error("nonsense"),
    ];
    assert.deepEqual(denied.map(isDeniedToAgent), [true, true, true, true]);
    assert.deepEqual(others.map(isDeniedToAgent), [false, false, false, false]);
  });

  test("about a sandbox's name is the last word: root may have one of that name", () => {
    const named = [{ target: "web" }, { left: "1", right: "web" }];
    const others = [
      { target: "/x" },
      { target: "12@3" },
      { target: "docker:1f" },
      { target: 7 },
      {},
      null,
    ];
    assert.deepEqual(named.map(namesSandbox), [true, true]);
    assert.deepEqual(others.map(namesSandbox), [false, false, false, false, false, false]);
  });

  test("counts with those that the same user's others gave", async () => {
    const passed: string[] = [];
    const allowance = openAllowance(8, 1);
    const all = ["one", "two"].map((name) =>
      meter(allowance).on("data", (part: Buffer) => passed.push(`${name} ${part}`)),
    );
    for (const one of all) one.write("12345");
    await turn();
    assert.deepEqual(passed, ["one 12345"]);
    for (const one of all) one.destroy();
  });

  test("is taken no faster than it may come", async () => {
    const passed: string[] = [];
    const metered = meter(openAllowance(8, 1)).on("data", (part: Buffer) =>
      passed.push(part.toString()),
    );
    for (const part of ["12345", "678", "more", "and more"]) metered.write(part);
    await turn();
    assert.deepEqual(passed, ["12345", "678"]);
    metered.destroy();
  });
});

describe("what one user asks for", () => {
  test("waits beyond what one may ask for at once, while others' does not", async () => {
    const [many, few] = [65_198, 65_199];
    let answered = 0;
    for (let asked = 0; asked < 1_500; asked += 1) {
      void takeTurn(many).then(() => {
        answered += 1;
      });
    }
    await takeTurn(few);
    await turn();
    assert.ok(answered >= 1_000 && answered < 1_500, `${answered}`);
  });

  test("is counted on when they connect anew", async () => {
    const uid = 65_197;
    enter(uid);
    allowanceOf(uid).spend(2 ** 26);
    leave(uid);
    enter(uid);
    assert.ok(allowanceOf(uid).spend(1) > 0);
    leave(uid);
  });

  test("is heard on so many connections, of each and of all", () => {
    const users = Array.from({ length: 17 }, (_, index) => 65_170 + index);
    const answers = users.map((uid) => Array.from({ length: 17 }, () => enter(uid)));
    const counts = answers.map((ofOne) => ofOne.filter(Boolean).length);
    assert.deepEqual(counts, [...Array(16).fill(connectionsPerUser), 0]);
    for (const uid of users.slice(0, 16)) for (let left = 0; left < 16; left += 1) leave(uid);
    assert.ok(enter(65_186));
    leave(65_186);
  });

  test("is not remembered of who has gone and owes nothing any more", {
    timeout: 60_000,
  }, async () => {
    const [asks, says, works, stays, rests] = [65_192, 65_193, 65_194, 65_195, 65_196];
    const all = [asks, says, works, stays, rests];
    for (const uid of all) enter(uid);
    const before = all.map(accountOf);
    for (let asked = 0; asked < 1_500; asked += 1) void takeTurn(asks);
    allowanceOf(says).spend(2 ** 26);
    const place = roomOf(works).enter(2 ** 20);
    void takeTurn(rests);
    for (const uid of all.filter((one) => one !== stays)) leave(uid);
    const remembered = () => {
      enter(65_191);
      leave(65_191);
      return all.filter((uid, index) => accountOf(uid) === before[index]);
    };
    while (remembered().includes(rests)) await turn();
    assert.deepEqual(remembered(), [asks, says, works, stays]);
    place.leave();
    leave(stays);
    assert.deepEqual(remembered(), [asks, says]);
  });
});
