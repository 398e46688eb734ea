import { errnoOf } from "./errors.ts";

/** What was read, or why it could not be: the difference between "there is none" and "not told". */
export type Known<T> =
  | { readonly known: true; readonly value: T }
  | { readonly known: false; readonly why: string };

/** A read whose refusal is an answer too: the errno's name. */
export function tryToKnow<T>(read: () => T): Known<T> {
  try {
    return { known: true, value: read() };
  } catch (error) {
    return { known: false, why: errnoOf(error) };
  }
}
