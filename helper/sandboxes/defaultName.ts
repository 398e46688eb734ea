/** What is found in a terrarium: short, known to most, hard to confuse when said aloud. */
const qualities =
  "amber azure bold brave brisk calm clear cosy crisp dewy dusky early fair fresh gentle glad golden green happy hardy humble keen kind light lively lucid lush mellow merry mild misty mossy noble pale plain proud quick quiet ready rosy shady silver smooth snug soft sunny swift tidy".split(
    " ",
  );
const dwellers =
  "acorn aloe ant aspen bark beetle berry birch bloom bud cedar clover coral cress daisy fern finch frog gecko ginger grass hazel heron holly iris ivy jade kelp lark leaf lichen lily maple mint moss newt oak olive orchid pebble petal pine reed robin root sage snail thyme".split(
    " ",
  );

/** How many names there are before digits are added. */
export const defaultNameCount = qualities.length * dwellers.length;

/**
 * `amber-fern`: what a tab of the editor has room for and a person can say. `draw` picks the first that is
 * tried, so that names are not used again soon; the registry's lock makes the choice last.
 */
export function defaultName(draw: number, taken: ReadonlySet<string>): string {
  for (let tried = 0; tried < defaultNameCount; tried += 1) {
    const name = nameAt((draw + tried) % defaultNameCount);
    if (!taken.has(name)) return name;
  }
  let number = 2;
  while (taken.has(`${nameAt(draw % defaultNameCount)}-${number}`)) number += 1;
  return `${nameAt(draw % defaultNameCount)}-${number}`;
}

function nameAt(index: number): string {
  return `${qualities[Math.floor(index / dwellers.length)]}-${dwellers[index % dwellers.length]}`;
}
