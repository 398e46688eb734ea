import { type Choice, chooseHelper, ownHelper, type Wish } from "./choice.ts";
import type { Launching } from "./launch.ts";
import { Obstructed } from "./obstacles.ts";
import type { Running } from "./running.ts";
import { type Place, readSurroundings, type Surroundings, withAnswering } from "./surroundings.ts";

export type Obtaining = Launching & Place;

/**
 * The helper that is wished for, or else the editor's own. An own one that runs already goes on: what it watches and
 * tries out is not lost.
 */
export async function obtainHelper(
  wish: Wish,
  current: Running | undefined,
  obtaining: Obtaining,
): Promise<Running> {
  // JSON-RPC is what takes longest to load: no window waits for it that shows no view.
  const { launch } = await import("./launch.ts");
  const around = await lookAround(wish, obtaining);
  let choice = chooseHelper(wish, around);
  while (choice.way.kind !== "own") {
    try {
      return await launch(choice, obtaining);
    } catch (error) {
      if (!(error instanceof Obstructed)) throw error;
      obtaining.log.warn(error.message);
      choice = nextBest(error, choice, wish, around);
    }
  }
  return current?.choice.way.kind === "own" ? { ...current, choice } : launch(choice, obtaining);
}

async function lookAround(wish: Wish, place: Place): Promise<Surroundings> {
  const around = readSurroundings(place);
  // Asking who answers would start root's helper: only where it is wanted.
  return wish.setting === "privileged" ? withAnswering(around) : around;
}

/** A display tells of no agent: where pkexec has found none, sudo asks in a terminal. */
function nextBest(
  { obstacle }: Obstructed,
  { way }: Choice,
  wish: Wish,
  around: Surroundings,
): Choice {
  const isWithoutAgent = way.kind === "pkexec" && obstacle === "noAgent";
  return isWithoutAgent
    ? chooseHelper(wish, { ...around, hasDesktop: false })
    : ownHelper(obstacle);
}
