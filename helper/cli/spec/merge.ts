/**
 * Two specs, or parts of them, by their shape: lists add up, maps do by their entries, and of anything else
 * the other's word wins. No compiler follows that it answers the shape that it was given.
 */
export function merge<T>(one: T, other: T): T;
export function merge(one: unknown, other: unknown): unknown {
  if (Array.isArray(one) && Array.isArray(other)) return [...one, ...other];
  if (!isMap(one) || !isMap(other)) return other;
  // Of a variable that is called constructor an object would find its own.
  const entries = new Map(Object.entries(one));
  for (const [key, value] of Object.entries(other)) {
    entries.set(key, entries.has(key) ? merge(entries.get(key), value) : value);
  }
  return Object.fromEntries(entries);
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
