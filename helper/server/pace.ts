/** Whose flow can be held back: a stream whose reader would else queue what it is sent. */
interface Flow {
  pause(): void;
  resume(): void;
}

/**
 * How many requests of one connection are worked on at once. A person at an editor has a handful; a client that sends
 * more is read no further until those before are answered, so that neither work nor waiting words pile up.
 */
export const requestsAtOnce = 32;

/** Runs work in the order in which it came, a bounded number at once. */
export function paceRequests(flow: Flow, atOnce = requestsAtOnce) {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function turn(): Promise<void> {
    if (running < atOnce) {
      running += 1;
      return;
    }
    flow.pause();
    // Whoever ends hands over the place: it is never free in between.
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function end(): void {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
    if (waiting.length === 0) flow.resume();
  }

  return async <T>(work: () => Promise<T>): Promise<T> => {
    await turn();
    try {
      return await work();
    } finally {
      end();
    }
  };
}
