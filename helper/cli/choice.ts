import { nearest } from "../protocol/nearest.ts";
import { UsageError } from "./usage.ts";

/** The one of a closed set that was meant by `flag text`; else a mistake that names the nearest, or all. */
export function oneOf<const T extends string>(flag: string, known: readonly T[], text: string): T {
  const found = known.find((word) => word === text);
  if (found !== undefined) return found;
  const guess = nearest(text, known);
  throw new UsageError(
    `${flag} ${text} is unknown`,
    guess ? `Did you mean ${guess}?` : `It is one of ${known.join(", ")}.`,
  );
}
