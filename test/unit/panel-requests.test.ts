import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRequest, parseSubject } from "../../extension/panel/request.ts";

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
