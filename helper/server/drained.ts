import { once } from "node:events";
import type { Writable } from "node:stream";

/** The tables of a busy machine are some megabytes; who has not read those gets nothing further done. */
const mostUnreadBytes = 4 * 1024 * 1024;

/** Waits while a client has not taken what it was sent: answers to one that reads none would pile up here. */
export async function drained(output: Writable): Promise<void> {
  while (output.writableLength > mostUnreadBytes && !output.destroyed) {
    await Promise.race([once(output, "drain"), once(output, "close")]).catch(() => undefined);
  }
}
