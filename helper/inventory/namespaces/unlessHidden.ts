import { isDenied, isGone } from "../../kernel/errors.ts";

/** Undefined for what was closed, has ended or is denied: there is nothing to tell of it. */
export function unlessHidden<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isGone(error) || isDenied(error)) return undefined;
    throw error;
  }
}
