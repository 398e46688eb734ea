import { printable } from "../protocol/printable.ts";
import { onTerminal } from "./attach.ts";

/** Asks a person; false where there is none. Enter alone is no. */
export async function isConfirmed(question: string): Promise<boolean> {
  if (!onTerminal()) return false;
  const { createInterface } = await import("node:readline/promises");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${printable(question)} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}
