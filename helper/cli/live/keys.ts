import { isatty } from "node:tty";

const interrupt = "\u0003";

/** Calls back with each key that is pressed, Ctrl-C included, until it is disposed; nothing without a terminal. */
export function listenToKeys(onKey: (key: string) => void): { dispose(): void } {
  if (!isatty(0)) return { dispose: () => undefined };
  const { stdin } = process;
  const take = (text: string) => {
    for (const key of text) onKey(key === interrupt ? "q" : key);
  };
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  stdin.on("data", take);
  return {
    dispose: () => {
      stdin.off("data", take);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
