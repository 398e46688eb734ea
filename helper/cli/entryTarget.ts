import { TerrariumError } from "../protocol/errors.ts";
import { type HostContainer, tableKeys } from "../protocol/hostTables.ts";
import type { HelperClient, ParameterInput } from "../protocol/methods.ts";
import { printable } from "../protocol/printable.ts";
import { mainProcess } from "../protocol/processes.ts";
import { readInventory } from "./inventory.ts";
import { asPid } from "./target.ts";
import { UsageError } from "./usage.ts";

type Whom = Pick<ParameterInput<"process/enter">, "pid" | "startTimeTicks" | "target">;

/** A process by its number, a cgroup by its path, a container by its key or the name that people know. */
export async function whomToEnter(connection: HelperClient, word: string): Promise<Whom> {
  const pid = asPid(word);
  if (pid !== undefined) return { pid };
  // No sandbox's name has either.
  if (word.startsWith("/") || word.includes(":")) return { target: word };
  try {
    return await mainOf(connection, word);
  } catch (error) {
    if (!TerrariumError.is(error, "noSuchSandbox")) throw error;
    return { target: await keyOf(connection, word) };
  }
}

async function mainOf(connection: HelperClient, target: string): Promise<Whom> {
  const { processes } = await connection.request("sandbox/inspect", { target });
  const main = mainProcess(processes);
  if (!main) throw new UsageError(`sandbox ${target} has no process`, "It has ended.");
  return { pid: main.pid, startTimeTicks: main.startTimeTicks };
}

/** Another user's container may have the same name: then it has to be said which is meant. */
async function keyOf(connection: HelperClient, word: string): Promise<string> {
  const { containers } = await readInventory(connection, ["containers"]);
  const all = [...containers.values()];
  const named = all.filter(({ name, id }) => name === word || id === word);
  const found = named.length > 0 ? named : all.filter(({ id }) => isBeginning(word, id));
  const [only, another] = found;
  if (!only) {
    throw new UsageError(
      `there is no sandbox or container "${word}"`,
      '"terrarium ps --all-engines" lists those that run.',
    );
  }
  if (another) throw new UsageError(`"${word}" could be ${keys(found)}`, "Say which of them.");
  return tableKeys.containers(only);
}

/** As Docker takes them. */
function isBeginning(word: string, id: string): boolean {
  return /^[0-9a-f]{4,}$/.test(word) && id.startsWith(word);
}

function keys(containers: readonly HostContainer[]): string {
  return containers.map((one) => printable(tableKeys.containers(one))).join(", ");
}
