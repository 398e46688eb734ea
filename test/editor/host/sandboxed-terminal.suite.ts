import assert from "node:assert/strict";
import { readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import { eventually } from "./extension.ts";

/** A file of the workspace is the one thing that a sandboxed shell and this test both see. */
function answerFile(): string {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (folder === undefined) throw new Error("the tests need an open folder");
  return join(folder.uri.fsPath, "answer.txt");
}

async function openSandboxedTerminal(): Promise<vscode.Terminal> {
  const before = new Set(vscode.window.terminals);
  await vscode.commands.executeCommand("terrarium.newSandboxedTerminal");
  return eventually("the sandboxed terminal", () =>
    vscode.window.terminals.find((terminal) => !before.has(terminal)),
  );
}

/** Runs a command line in the terminal; the last line that it writes is the word `done`. */
async function ask(terminal: vscode.Terminal, commandLine: string): Promise<string[]> {
  rmSync(answerFile(), { force: true });
  terminal.sendText(`{ ${commandLine}; echo done; } > ${JSON.stringify(answerFile())} 2>&1`);
  return eventually(`the answer to ${commandLine}`, () => {
    const lines = readAnswer();
    return lines.at(-1) === "done" ? lines.slice(0, -1) : undefined;
  });
}

function readAnswer(): string[] {
  try {
    return readFileSync(answerFile(), "utf8").trimEnd().split("\n");
  } catch {
    return [];
  }
}

describe("A sandboxed terminal", () => {
  let terminal: vscode.Terminal;

  before(async () => {
    terminal = await openSandboxedTerminal();
  });

  after(() => {
    terminal.dispose();
    rmSync(answerFile(), { force: true });
  });

  it("runs a shell in namespaces of its own", async () => {
    const kinds = ["pid", "mnt", "uts", "ipc", "net", "user", "cgroup"];
    const inside = await ask(
      terminal,
      kinds.map((kind) => `readlink /proc/self/ns/${kind}`).join("; "),
    );
    const outside = kinds.map((kind) => readlinkSync(`/proc/self/ns/${kind}`));
    assert.equal(inside.length, kinds.length);
    assert.deepEqual(
      inside.filter((link) => outside.includes(link)),
      [],
    );
  });

  it("passes nothing of the editor's environment inside", async () => {
    const environment = await ask(terminal, "env");
    const leaked = environment.filter((line) => /^(VSCODE_|GIT_ASKPASS|SSH_AUTH_SOCK)/.test(line));
    assert.deepEqual(leaked, []);
  });

  it("reports the exit status of its shell", async () => {
    terminal.sendText("exit 7");
    const status = await eventually("the exit status", () => terminal.exitStatus);
    assert.equal(status.code, 7);
  });
});
