import * as z from "zod/mini";

/** A text that ought to be JSON of this form; undefined where it is not. */
export function parseJson<T extends z.ZodMiniType>(
  schema: T,
  text: string | undefined,
): z.output<T> | undefined {
  if (text === undefined) return undefined;
  try {
    return z.safeParse(schema, JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
