import { Workbench } from "../editor/workbench.ts";
import { type Contest, median } from "./contest.ts";

const rounds = 10;
const allowanceMs = 60;

/** What only the plain terminal would pay for: VS Code's script for shells, and the user's own start-up file. */
const equal = {
  "terminal.integrated.shellIntegration.enabled": false,
  "terminal.integrated.profiles.linux": {
    Plain: { path: "/bin/bash", args: ["--rcfile", "/dev/null"] },
  },
};

/**
 * A terminal in the real editor, from the choice in the menu behind "+" to the prompt on the page: the
 * sandboxed profile and the plain one in turn. The first of ours, which also starts the helper, is a row of
 * its own.
 */
export async function editorTerminal(): Promise<readonly Contest[]> {
  const workbench = await Workbench.open(equal);
  try {
    await workbench.showTerminals();
    const first = await time(workbench, "Sandboxed Shell");
    const sandboxed: number[] = [];
    const plain: number[] = [];
    for (let round = 0; round < rounds; round++) {
      plain.push(await time(workbench, "Plain"));
      sandboxed.push(await time(workbench, "Sandboxed Shell"));
    }
    const common = { unit: "ms", theirs: median(plain) + allowanceMs } as const;
    const peer = `a plain terminal + ${allowanceMs} ms`;
    return [
      { ...common, work: "Sandboxed Shell in the editor", peer, ours: median(sandboxed), bar: 1 },
      { ...common, work: "the first one, helper included", peer, ours: first, bar: undefined },
    ];
  } finally {
    await workbench.close();
  }
}

async function time(workbench: Workbench, profile: string): Promise<number> {
  const elapsed = await workbench.timeToPrompt(profile);
  await workbench.killTerminal();
  return elapsed;
}
