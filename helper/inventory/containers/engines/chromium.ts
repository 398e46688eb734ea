import type { Engine } from "../engine.ts";

/** With these words the browser starts the process of which all its sandboxes are children: zygote_main_linux.cc. */
const zygote = " --type=zygote";

/**
 * Chromium, and what is built on it. It has no mounts of its own; renderers have pid namespaces of their own below the
 * zygote's and nothing else, and are in it.
 */
export const chromium: Engine = {
  name: "chromium",
  leads: ({ pid, startTimeTicks, command, commandLine }) =>
    commandLine.includes(zygote)
      ? { engine: "chromium", id: `${pid}:${startTimeTicks}`, name: command }
      : undefined,
};
