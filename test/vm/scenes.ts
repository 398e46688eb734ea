import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { bootMachine, type Machine } from "../rig/machine.ts";

/** Something to see in a machine: a shell script, and all that it writes. */
export interface Scene {
  readonly name: string;
  readonly script: string;
  readonly shows: string | RegExp;
}

interface Stage extends Omit<Machine, "script"> {
  /** Shell functions for the scenes. */
  readonly prologue: string;
  /** Run after each scene, where they have nothing to do with each other. */
  readonly afterEach?: string;
}

/** Boots one machine for all scenes, each of which becomes a test. */
export function describeScenes(title: string, stage: Stage, scenes: readonly Scene[]): void {
  describe(title, () => {
    let outputs: readonly string[] = [];
    before(async () => {
      outputs = await play(stage, scenes);
    });
    for (const [place, { name, shows }] of scenes.entries()) {
      it(name, () => {
        const output = outputs[place] ?? "(the scene was not reached)";
        if (typeof shows === "string") assert.equal(output, shows);
        else assert.match(output, shows);
      });
    }
  });
}

const curtain = "--- next scene ---";
/** What one client has made of its modules, the next one has: a fifth of its start, where that is emulated. */
const keepCompiled = "export NODE_COMPILE_CACHE=/tmp/compiled";

async function play(stage: Stage, scenes: readonly Scene[]): Promise<readonly string[]> {
  // A shell for each: what a scene sets is not the next one's.
  const parts = scenes.map(
    ({ script }) => `printf '%s\\n' '${curtain}'\n(\n${script}\n)\n${stage.afterEach ?? ""}`,
  );
  const script = [keepCompiled, stage.prologue, ...parts].join("\n");
  const { output } = await bootMachine({ ...stage, script });
  return output.split(`${curtain}\n`).slice(1);
}
