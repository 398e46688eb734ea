import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { enterWords, execWords, runWords } from "../../extension/tasks/commandLine.ts";
import type { SandboxTask } from "../../extension/tasks/definition.ts";
import { interpreterOf } from "../../extension/tasks/interpreters.ts";
import { MappedOutput, mapPaths } from "../../extension/tasks/mappedPaths.ts";

const task: SandboxTask = {
  command: "make",
  args: ["-k", "test"],
  place: { kind: "new" },
  paths: [],
};

test("a new sandbox is a file that says all of it, and the folder inside where the task names one", () => {
  const words = "run -it --spec /s/1.json -- make -k test";
  assert.deepEqual(runWords(task, "/s/1.json"), words.split(" "));
  const elsewhere = "run -it --spec /s/1.json --workdir /in -- make -k test";
  assert.deepEqual(runWords({ ...task, cwd: "/in" }, "/s/1.json"), elsewhere.split(" "));
});

test("what runs already is joined: a sandbox by exec, a container by enter", () => {
  assert.deepEqual(execWords(task, "web"), "exec web -- make -k test".split(" "));
  const words = "enter docker:6f2a --workdir /app -- make -k test";
  assert.deepEqual(enterWords({ ...task, cwd: "/app" }, "docker:6f2a"), words.split(" "));
});

const paths = [
  { inside: "/app/lib", here: "/home/me/lib" },
  { inside: "/app", here: "/home/me/web" },
];

test("a path inside is shown as the same file's here, wherever a program writes one", () => {
  const shown = [
    ["/app/a.c:3:1: error: no", "/home/me/web/a.c:3:1: error: no"],
    ["  at f (/app/lib/x.js:1:2)", "  at f (/home/me/lib/x.js:1:2)"],
    ['"/app"', '"/home/me/web"'],
    ["file:/application /srv/app/a.c ./app/a.c", "file:/application /srv/app/a.c ./app/a.c"],
  ] as const;
  for (const [inside, here] of shown) assert.equal(mapPaths(inside, paths), here);
});

test("output that comes in pieces is mapped as if it came at once", () => {
  const text = "x\n/app/a.c:3:1: error\r/app/lib/b\ny /app";
  fc.assert(
    fc.property(fc.array(fc.nat(text.length)), (cuts) => {
      const output = new MappedOutput(paths);
      const ends = [...cuts, text.length].sort((a, b) => a - b);
      const pieces = ends.map((end, at) => text.slice(ends[at - 1] ?? 0, end));
      const shown = pieces.map((piece) => output.take(piece)).join("") + output.flush();
      assert.equal(shown, mapPaths(text, paths));
    }),
  );
});

test("a line without end is not held back for ever", () => {
  const output = new MappedOutput(paths);
  assert.equal(output.take("x".repeat(20_000)).length, 20_000);
  assert.equal(output.take("50 %"), "");
  assert.equal(output.flush(), "50 %");
});

test("a file is run by what its first line says, else by its language", () => {
  const chosen = [
    ["#!/usr/bin/env -S node --test", "python", ["/usr/bin/env", "node", "--test"]],
    ["#!/usr/bin/env python3", "python", ["/usr/bin/env", "python3"]],
    ["#! /bin/sh -e x", "plaintext", ["/bin/sh", "-e x"]],
    ["#!/bin/bash\r", "plaintext", ["/bin/bash"]],
    ["#![allow(x)]", "rust", undefined],
    ["import os", "python", ["python3"]],
    ["hello", "plaintext", undefined],
  ] as const;
  for (const [line, language, command] of chosen) {
    assert.deepEqual(interpreterOf(line, language), command, line);
  }
});
