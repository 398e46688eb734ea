import type { Memento } from "vscode";
import type { Entrance } from "./entrance.ts";
import type { EnterTarget } from "./target.ts";

const memoryKey = "enteredShells";
const mostRemembered = 64;

type Remembered = readonly (readonly [home: string, args: readonly string[]])[];

/** The shell that was chosen for a container last; an entrance without one where none was. */
export function rememberedShell(
  memory: Memento,
  target: EnterTarget,
  entrance: Entrance,
): Entrance {
  if (!hasItsFiles(target, entrance)) return {};
  const { home } = target;
  const args = read(memory).find(([known]) => known === home)?.[1];
  return args ? { args: [...args] } : {};
}

/** Of containers only: they are there again when their processes are others. */
export async function rememberShell(
  memory: Memento,
  target: EnterTarget,
  entrance: Entrance,
): Promise<void> {
  const { home } = target;
  if (home === undefined || !hasItsFiles(target, entrance)) return;
  const { args } = entrance;
  const others = read(memory).filter(([known]) => known !== home);
  const all = args ? [...others, [home, args] as const] : others;
  await memory.update(memoryKey, all.slice(-mostRemembered));
}

/** Elsewhere the shell is one of this machine's. */
function hasItsFiles(target: EnterTarget, entrance: Entrance): boolean {
  const only = entrance.only ?? target.only;
  return only === undefined || only.includes("mnt");
}

function read(memory: Memento): Remembered {
  return memory.get<Remembered>(memoryKey, []);
}
