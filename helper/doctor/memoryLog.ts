import { closeSync, constants, openSync } from "node:fs";
import { errnoOf } from "../kernel/errors.ts";
import { amiss, type Check, fine } from "./check.ts";

const path = "/dev/kmsg";
const tried = `open ${path}`;

/** Who was killed for want of memory is told there alone; the counters of cgroups say only that somebody was. */
export const memoryLog: Check = {
  name: "the kernel's log",
  examine: () => {
    try {
      closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
      return fine(tried, "it can be read");
    } catch (error) {
      const cost = "When memory runs out, that is told, but not who was the biggest.";
      return amiss("lacking", tried, errnoOf(error), cost, {
        words: "a helper that runs as root reads it",
      });
    }
  },
};
