import { constants } from "node:os";
import { isatty } from "node:tty";
import { TerrariumError } from "../protocol/errors.ts";
import type { HelperClient } from "../protocol/methods.ts";
import { exitCodes } from "./command.ts";

/**
 * How much longer than the client the helper waits: so the client puts back, and can say what the kernel
 * answered; the helper does where the client is no more.
 */
export const graceMs = 2_000;

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type Ending = "enter" | "time" | (typeof signals)[number];

/** In the foreground, until Enter keeps the limits; Ctrl-C, or the end of the time, puts them back. */
export async function tryOut(
  connection: HelperClient,
  revert: string,
  afterMs: number,
): Promise<number> {
  const ending = await waitForEnding(afterMs);
  if (ending === "enter") {
    await connection.request("limits/keep", { revert });
    say("kept");
    return exitCodes.ok;
  }
  await putBack(connection, revert);
  say("put back");
  return ending === "time" ? exitCodes.ok : 128 + constants.signals[ending];
}

async function putBack(connection: HelperClient, revert: string): Promise<void> {
  try {
    await connection.request("limits/revert", { revert });
  } catch (error) {
    // Somebody else changed these limits meanwhile, for good: theirs stay.
    if (!TerrariumError.is(error, "noSuchRevert")) throw error;
  }
}

function waitForEnding(afterMs: number): Promise<Ending> {
  return new Promise((resolve) => {
    const stopCounting = countDown(afterMs);
    const end = (ending: Ending) => {
      clearTimeout(timer);
      stopCounting();
      process.stdin.destroy();
      resolve(ending);
    };
    const timer = setTimeout(end, afterMs, "time");
    for (const signal of signals) process.once(signal, end);
    process.stdin
      .on("error", () => undefined)
      .on("data", (text) => {
        if (text.includes("\n")) end("enter");
      });
  });
}

/** One line that is written anew each second; without a terminal it is said once. */
function countDown(afterMs: number): () => void {
  const endsAtMs = performance.now() + afterMs;
  const words = () => {
    const seconds = Math.ceil((endsAtMs - performance.now()) / 1_000);
    return `back in ${seconds} s: Enter keeps, Ctrl-C puts back at once`;
  };
  if (!isatty(2)) {
    say(words());
    return () => undefined;
  }
  const draw = () => process.stderr.write(`\r${words()}\u001b[K`);
  draw();
  const timer = setInterval(draw, 1_000);
  return () => {
    clearInterval(timer);
    process.stderr.write("\r\u001b[K");
  };
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
