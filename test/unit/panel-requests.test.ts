import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRequest, parseSubject } from "../../extension/panel/request.ts";
import type { PanelRequest } from "../../helper/protocol/panel.ts";

test("what a panel's page sends is one of a closed set", () => {
  assert.deepEqual(parseRequest({ type: "show", tab: "limits" }), { type: "show", tab: "limits" });
  const refused: readonly unknown[] = [
    undefined,
    "ready",
    { type: "show", tab: "settings" },
    { type: "show", tab: "limits", target: "1" },
    { type: "act", action: "constructor" },
    { type: "kill", process: { pid: 7 } },
    { type: "kill", process: { pid: -1, startTimeTicks: 5 } },
    { type: "kill", process: { pid: 7, startTimeTicks: 5 }, signal: "SIGKILL" },
    { type: "run", command: "workbench.action.terminal.new" },
  ];
  assert.deepEqual(
    refused.filter((message) => parseRequest(message) !== undefined),
    [],
  );
});

const process = { pid: 7, startTimeTicks: 5 };
const update = { type: "updateLimits", limits: { pidsMax: "9" } } as const;
const longest = 16 * 1024 * 1024;

/** What a page of ours sends, and beside it what only another one would. */
const families: readonly (readonly [accepted: PanelRequest, refused: readonly object[]])[] = [
  [
    { ...update, revertAfterMs: 1_000 },
    [
      { ...update, limits: { pidsmax: "9" } },
      { ...update, limits: { __proto__x: "9" } },
      { ...update, limits: { pidsMax: 9 } },
      { ...update, limits: { pidsMax: null } },
      { ...update, limits: { pidsMax: "9".repeat(4097) } },
      { ...update, limits: undefined },
      ...[999, 3_600_001, 1_000.5, -1, Number.NaN, Number.POSITIVE_INFINITY, "1000"].map(
        (revertAfterMs) => ({ ...update, revertAfterMs }),
      ),
      { ...update, confirmed: true },
      { ...update, target: "/" },
    ],
  ],
  [
    { type: "export", format: "csv", content: "x".repeat(longest) },
    [
      { type: "export", format: "csv", content: "x".repeat(longest + 1) },
      { type: "export", format: "html", content: "" },
      { type: "export", format: "csv", content: "", path: "/etc/passwd" },
    ],
  ],
  [
    { type: "openCgroup", path: "/sys/fs/cgroup/memory/a..b" },
    [
      { type: "openCgroup", path: "sys/fs/cgroup" },
      { type: "openCgroup", path: "/sys/fs/cgroup/../../../etc" },
      { type: "openCgroup", path: "/.." },
      { type: "openCgroup", path: `/${"x".repeat(4095)}` },
    ],
  ],
  [
    { type: "openLimitFile", limit: "pidsMax" },
    [
      { type: "openLimitFile", limit: "/etc/passwd" },
      { type: "openLimitFile", limit: "pidsMax", path: "/etc/passwd" },
    ],
  ],
  [
    { type: "kill", process },
    [
      ...[0, -7, 1.5, 4_194_305, "7"].map((pid) => ({
        type: "kill",
        process: { ...process, pid },
      })),
      { type: "kill", process: { ...process, startTimeTicks: -1 } },
    ],
  ],
];

for (const [accepted, refused] of families) {
  const { type } = accepted;
  test(`what a page asks by ${type} is bounded`, () => {
    assert.deepEqual(parseRequest(accepted), accepted);
    for (const message of refused)
      assert.equal(parseRequest(message), undefined, JSON.stringify(message).slice(0, 200));
  });
}

test("whom a restored panel is about is read from what its page left, or it is not restored", () => {
  const subject = {
    kind: "process",
    target: "812",
    title: "nginx 812",
    startTimeTicks: 5,
  } as const;
  assert.deepEqual(parseSubject({ subject, tab: "usage", kept: {} }), subject);
  const refused: readonly unknown[] = [
    undefined,
    {},
    { subject: { ...subject, kind: "file" } },
    { subject: { ...subject, target: "" } },
    { subject: { ...subject, title: "x".repeat(300) } },
    { subject: { ...subject, command: "rm" } },
  ];
  assert.deepEqual(
    refused.filter((left) => parseSubject(left) !== undefined),
    [],
  );
});
