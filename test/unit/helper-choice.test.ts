import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Choice, chooseHelper, type Wish } from "../../extension/connection/choice.ts";
import { pkexecObstacle } from "../../extension/connection/pkexecAnswer.ts";
import type { Surroundings } from "../../extension/connection/surroundings.ts";

const socket = "/run/terrarium/helper.socket";
const program = "/usr/lib/terrarium/0.1.0/terrarium-helper";

/** A desktop with everything that root's helper needs. */
const desktop: Surroundings = {
  uid: 1000,
  version: "0.1.0",
  installed: ["0.1.0"],
  sockets: [],
  hasPkexec: true,
  hasSudo: true,
  hasDesktop: true,
  noNewPrivileges: false,
};

const privileged: Wish = { setting: "privileged", isAsked: true };
const ownRootless = { way: { kind: "own" }, why: "it needs no privilege" } as const;

/** What is found, and what follows for somebody who has asked for root's helper. */
const cases: readonly (readonly [string, Partial<Surroundings>, Choice])[] = [
  [
    "on a desktop pkexec starts it",
    {},
    { way: { kind: "pkexec", program }, why: "polkit was asked" },
  ],
  [
    "a socket comes before any question",
    { sockets: [socket], installed: [] },
    { way: { kind: "socket", path: socket }, why: "root's helper listens" },
  ],
  [
    "an editor of root's needs neither",
    { uid: 0, sockets: [socket] },
    { way: { kind: "own" }, why: "the editor itself runs as root" },
  ],
  [
    "by SSH sudo asks in a terminal",
    { hasDesktop: false },
    { way: { kind: "sudo", program }, why: "no agent of polkit's can ask here" },
  ],
  [
    "so it does without pkexec",
    { hasPkexec: false },
    { way: { kind: "sudo", program }, why: "pkexec is not installed" },
  ],
  [
    "one that is not installed is named",
    { installed: [] },
    { ...ownRootless, lacks: "notInstalled" },
  ],
  [
    "so is one of another version",
    { installed: ["0.0.9"] },
    { ...ownRootless, lacks: "otherVersion" },
  ],
  [
    "so is an editor that can gain no privileges",
    { noNewPrivileges: true },
    { ...ownRootless, lacks: "noNewPrivileges" },
  ],
  ["so is a Flatpak", { packaging: "Flatpak" }, { ...ownRootless, lacks: "flatpak" }],
  ["so is a snap", { packaging: "snap" }, { ...ownRootless, lacks: "snap" }],
  [
    "so is a machine without pkexec and sudo",
    { hasPkexec: false, hasSudo: false },
    { ...ownRootless, lacks: "noElevation" },
  ],
  [
    "so is a session in which nobody can be asked",
    { hasDesktop: false, hasSudo: false },
    { ...ownRootless, lacks: "noAgent" },
  ],
];

describe("whoever asks for root's helper", () => {
  for (const [title, found, expected] of cases) {
    test(title, () => {
      assert.deepEqual(chooseHelper(privileged, { ...desktop, ...found }), expected);
    });
  }
});

describe("the setting", () => {
  test("alone asks nobody for a password", () => {
    const wish = { setting: "privileged", isAsked: false };
    assert.deepEqual(chooseHelper(wish, desktop), { ...ownRootless, lacks: "notAsked" });
  });

  test("that names a socket is followed", () => {
    const wish = { setting: "/run/x.sock", isAsked: false };
    for (const uid of [0, 1000]) {
      const { way } = chooseHelper(wish, { ...desktop, uid });
      assert.deepEqual(way, { kind: "socket", path: "/run/x.sock" });
    }
  });

  test("that says rootless, or what nobody knows, is the own helper", () => {
    for (const setting of ["rootless", "", "Privileged"])
      assert.deepEqual(chooseHelper({ setting, isAsked: false }, desktop), ownRootless);
  });
});

const surroundings: fc.Arbitrary<Surroundings> = fc.record({
  uid: fc.constantFrom(0, 1000),
  version: fc.constant("0.1.0"),
  installed: fc.subarray(["0.1.0", "0.0.9"]),
  sockets: fc.subarray([socket]),
  hasPkexec: fc.boolean(),
  hasSudo: fc.boolean(),
  hasDesktop: fc.boolean(),
  noNewPrivileges: fc.boolean(),
  packaging: fc.constantFrom(undefined, "Flatpak" as const, "snap" as const),
});

test("root's copy is started only by somebody's click, and only where that can work", () => {
  const wish = fc.record({
    setting: fc.constantFrom("rootless", "privileged", "/run/x.sock"),
    isAsked: fc.boolean(),
  });
  fc.assert(
    fc.property(wish, surroundings, (asked, around) => {
      const { way, lacks } = chooseHelper(asked, around);
      if (lacks !== undefined) assert.equal(way.kind, "own");
      if (way.kind !== "pkexec" && way.kind !== "sudo") return;
      assert.deepEqual({ ...asked }, privileged);
      assert.equal(way.program, program);
      assert.ok(around.installed.includes(around.version) && !around.noNewPrivileges);
      assert.ok(way.kind === "pkexec" ? around.hasPkexec && around.hasDesktop : around.hasSudo);
    }),
  );
});

test("what pkexec says is told apart, and its program's refusal and end", () => {
  const none = "Error executing command as another user: No authentication agent found.";
  assert.deepEqual(
    [
      pkexecObstacle(126, ""),
      pkexecObstacle(127, none),
      pkexecObstacle(127, ""),
      pkexecObstacle(125, ""),
      pkexecObstacle(1, ""),
    ],
    ["dismissed", "noAgent", "denied", "damaged", "failed"],
  );
});
