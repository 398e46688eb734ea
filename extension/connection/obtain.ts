import { type Choice, chooseHelper, ownHelper, type Wish } from "./choice.ts";
import { type Launching, launch, type Running } from "./launch.ts";
import { Obstructed } from "./obstacles.ts";
import { type Place, readSurroundings, withAnswering } from "./surroundings.ts";

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
  const own = async (choice: Choice): Promise<Running> =>
    current?.choice.way.kind === "own" ? { ...current, choice } : launch(choice, obtaining);
  const choice = await choose(wish, obtaining);
  if (choice.way.kind === "own") return own(choice);
  try {
    return await launch(choice, obtaining);
  } catch (error) {
    if (!(error instanceof Obstructed)) throw error;
    obtaining.log.warn(error.message);
    return own(ownHelper(error.obstacle));
  }
}

async function choose(wish: Wish, place: Place): Promise<Choice> {
  const around = readSurroundings(place);
  // Asking who answers would start root's helper: only where it is wanted.
  return chooseHelper(wish, wish.setting === "privileged" ? await withAnswering(around) : around);
}
