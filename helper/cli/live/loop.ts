/** Rounds of a live command, until it is told to end. */
export interface Loop {
  /** Resolves after this time, or at once when it ends or is hurried. */
  rest(milliseconds: number): Promise<void>;
  /** Ends the rest that is under way. */
  hurry(): void;
  end(): void;
  readonly ended: boolean;
  dispose(): void;
}

/** Ctrl-C and SIGTERM end it in good order: the terminal is left as it was found. */
export function openLoop(): Loop {
  let ended = false;
  let wake: () => void = () => undefined;
  const end = () => {
    ended = true;
    wake();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, end);
  return {
    end,
    hurry: () => wake(),
    get ended() {
      return ended;
    },
    rest: (milliseconds) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ended ? 0 : milliseconds);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    dispose: () => {
      for (const signal of signals) process.off(signal, end);
    },
  };
}
