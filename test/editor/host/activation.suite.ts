import assert from "node:assert/strict";
import * as vscode from "vscode";
import { extension, helperProcesses } from "./extension.ts";

describe("The extension", () => {
  it("activates without starting the helper", async () => {
    await extension().activate();
    assert.equal(extension().isActive, true);
    assert.deepEqual(helperProcesses(), []);
  });

  it("registers every command that it declares", async () => {
    await extension().activate();
    const registered = new Set(await vscode.commands.getCommands(true));
    const declared = extension().packageJSON.contributes.commands as readonly { command: string }[];
    const missing = declared.map(({ command }) => command).filter((id) => !registered.has(id));
    assert.deepEqual(missing, []);
  });

  it("contributes the Sandboxed Shell terminal profile", () => {
    const { profiles } = extension().packageJSON.contributes.terminal;
    assert.deepEqual(
      profiles.map(({ id, title }: { id: string; title: string }) => ({ id, title })),
      [{ id: "terrarium.sandboxTerminal", title: "Sandboxed Shell" }],
    );
  });
});
