import { readMountinfo } from "../kernel/procfs.ts";
import { amiss, type Check, fine } from "./check.ts";

const tried = "the options of the procfs at /proc";

/** proc(5): hidepid keeps processes of others from an ordinary user, subset=pid the rest of /proc. */
export const hiddenProcesses: Check = {
  name: "processes of others",
  examine: ({ asker }) => {
    const mounts = readMountinfo("self") ?? [];
    const proc = mounts.findLast(({ mountPoint }) => mountPoint === "/proc");
    const option = proc?.superOptions.find((word) => /^hidepid=(?!0$|off$)/.test(word));
    if (option === undefined || asker.uid === 0) return fine(tried, option ?? "all are shown");
    return amiss("lacking", tried, option, "Only your own processes are in the views.", {
      words: "a helper that runs as root sees all",
    });
  },
};
