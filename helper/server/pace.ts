import type { Hold } from "./hold.ts";

/**
 * How many requests of one connection are worked on at once. A person at an editor has a handful; a client that sends
 * more is read no further until those before are answered, so that neither work nor waiting words pile up.
 */
export const requestsAtOnce = 32;

/**
 * Runs work in the order in which it came, a bounded number at once. An answer that nobody takes is work still: `taken`
 * resolves when the one that was just given is.
 */
export function paceRequests(hold: Hold, taken: () => Promise<void>, atOnce = requestsAtOnce) {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function turn(): Promise<void> {
    if (running < atOnce) {
      running += 1;
      return;
    }
    // Whoever ends hands over the place: it is never free in between.
    const handedOver = new Promise<void>((resolve) => waiting.push(resolve));
    hold(handedOver);
    await handedOver;
  }

  function end(): void {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }

  return async <T>(work: () => Promise<T>): Promise<T> => {
    await turn();
    try {
      return await work();
    } finally {
      void taken().then(end);
    }
  };
}
