import { createInterface } from "node:readline/promises";
import type { AskHere } from "../server/gate/authoriser.ts";

/** Who does not answer has not allowed it. */
const answerTimeoutMs = 120_000;

/**
 * Whoever ran sudo in a terminal sits before it, and may answer there what polkit has nobody to ask for. Undefined
 * where our standard input is no terminal.
 */
export function askOnTerminal(): AskHere | undefined {
  if (!process.stdin.isTTY) return undefined;
  return async (sentence) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const signal = AbortSignal.timeout(answerTimeoutMs);
      const answer = await lines.question(`${sentence} Allow it this once? [y/N] `, { signal });
      return /^y(es)?$/i.test(answer.trim());
    } catch {
      return false;
    } finally {
      lines.close();
    }
  };
}
