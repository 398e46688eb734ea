import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "../rig/prepare.mjs";
import type { Contest } from "./contest.ts";
import { editorTerminal } from "./editor.ts";
import { entry } from "./entry.ts";
import { inventory } from "./inventory.ts";
import { painting } from "./painting.ts";
import { panel } from "./panel.ts";
import { results, section } from "./report.ts";
import { rows } from "./rows.ts";
import { sampling } from "./sampling.ts";
import { starting } from "./starting.ts";
import { watching } from "./watching.ts";
import {
  clientRun,
  helperExec,
  helperRun,
  idleMemory,
  launcherRun,
  terminalThroughput,
} from "./works.ts";

/** The second half of `npm run bench`. It measures; whether a bar is met is for people to judge. */

const works: Readonly<Record<string, () => Promise<readonly Contest[]>>> = {
  launcher: launcherRun,
  helper: helperRun,
  exec: helperExec,
  entry,
  client: clientRun,
  editor: editorTerminal,
  starting,
  terminal: terminalThroughput,
  memory: idleMemory,
  panel,
  sampling,
  inventory,
  rows,
  painting,
  watching,
};

async function main(): Promise<void> {
  const chosen = chooseWorks(process.argv.slice(2));
  const measured = new Map<string, string>();
  for (const name of chosen) {
    process.stderr.write(`${name} …\n`);
    measured.set(name, section(name, (await works[name]?.()) ?? []));
  }
  process.stdout.write(`${[...measured.values()].join("\n")}\n`);
  const file = join(checkout, "test/bench/RESULTS.md");
  writeFileSync(file, results(readFileSync(file, "utf8"), Object.keys(works), measured));
}

function chooseWorks(names: readonly string[]): readonly string[] {
  const known = Object.keys(works);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`there is no work ${unknown}; there are ${known.join(", ")}`);
  }
  return names.length > 0 ? names : known;
}

if (process.getuid?.() !== 0) throw new Error("runc and docker need root: sudo npm run bench");
await main();
