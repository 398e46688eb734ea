import assert from "node:assert/strict";
import * as vscode from "vscode";
import { eventually, helperProcesses } from "./extension.ts";

describe("A helper that is killed", () => {
  it("is started again, and its sandboxes live on", async () => {
    await vscode.commands.executeCommand("terrarium.newSandboxedTerminal");
    const terminal = await eventually("a terminal", () => vscode.window.terminals.at(-1));
    const [killed] = helperProcesses();
    assert.ok(killed, "a sandboxed terminal needs a helper");
    process.kill(killed, "SIGKILL");
    await vscode.commands.executeCommand("terrarium.containers.focus");
    const next = await eventually("another helper", () =>
      helperProcesses().find((pid) => pid !== killed),
    );
    assert.notEqual(next, killed);
    assert.equal(terminal.exitStatus, undefined);
    terminal.dispose();
  });
});
