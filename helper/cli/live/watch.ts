import { setTimeout as sleep } from "node:timers/promises";
import {
  generationsOf,
  type HeldInventory,
  nothingHeld,
  takeChange,
  type WatchedTableName,
} from "../../protocol/inventoryChanges.ts";
import { inWhole } from "../../protocol/inventoryParts.ts";
import { type CliContext, exitCodes } from "../command.ts";
import type { HostInventory } from "../inventory.ts";
import type { Option } from "../options.ts";
import { listenToKeys } from "./keys.ts";
import { openLoop } from "./loop.ts";
import { isTerminal, Screen } from "./screen.ts";

export const watchOption: Option = {
  name: "watch",
  short: "w",
  help: "go on as it changes; with --json a line for each change",
};

/** A storm of changes is drawn that often. */
const leastMs = 200;
/** Memory in use, ages: what no change tells. */
const longMs = 5_000;

export interface Watched {
  readonly tables: readonly WatchedTableName[];
  readonly json: boolean;
  /** What is shown of it. */
  readonly draw: (held: HeldInventory) => string | Promise<string>;
}

/** Answers the exit code when a person, a signal or the helper's end ends it. */
export async function watchTables(context: CliContext, watched: Watched): Promise<number> {
  const loop = openLoop();
  const screen = isTerminal() && !watched.json ? new Screen(true) : undefined;
  const ears = listenToKeys((key) => key === "q" && loop.end());
  let isLost = false;
  context.connection.onClose(() => {
    isLost = true;
    loop.end();
  });
  try {
    const latest = await follow(context, watched, () => loop.hurry());
    while (!loop.ended) {
      const held = latest();
      if (held && !watched.json) show(await watched.draw(held), context, screen);
      await sleep(leastMs);
      if (!loop.ended && latest() === held) await loop.rest(longMs);
    }
    return isLost ? exitCodes.terrariumFailed : exitCodes.ok;
  } finally {
    screen?.close();
    ears.dispose();
    loop.dispose();
  }
}

function show(text: string, { print }: CliContext, screen: Screen | undefined): void {
  if (screen) screen.draw(text.split("\n"));
  else print(`${text}\n`);
}

/** What is held of all tables; undefined until each was told. */
async function follow(
  { connection, print }: CliContext,
  { tables, json }: Watched,
  onChange: () => void,
): Promise<() => HeldInventory | undefined> {
  let held = nothingHeld;
  const ask = () => connection.request("inventory/watch", { tables: generationsOf(held, tables) });
  const onWhole = inWhole((change) => {
    const taken = takeChange(held, change);
    held = taken.held;
    if (json) print(JSON.stringify(change));
    if (taken.missed.length > 0) ask().catch(() => undefined);
    onChange();
  });
  connection.onNotification("inventory/didChange", onWhole);
  await ask();
  const isWhole = () => tables.every((name) => held.tables[name] !== undefined);
  return () => (isWhole() ? held : undefined);
}

/** The host's part of it, as "inventory/read" tells it. */
export function inventoryOf({ host, tables }: HeldInventory): HostInventory {
  if (!host) throw new TypeError("the facts of the host come with the first change");
  return {
    host,
    processes: tables.processes?.rows ?? new Map(),
    namespaces: tables.namespaces?.rows ?? new Map(),
    cgroups: tables.cgroups?.rows ?? new Map(),
    containers: tables.containers?.rows ?? new Map(),
  };
}
