import { readStatus } from "../kernel/procfs.ts";
import { amiss, type Check, fine } from "./check.ts";

const tried = "NoNewPrivs in /proc/self/status";

/** VS Code's own extension host once ran so (vscode #160380); a service's NoNewPrivileges=, too. */
export const newPrivileges: Check = {
  name: "new privileges",
  examine: () => {
    if (readStatus("self")?.noNewPrivileges !== true)
      return fine(tried, "0, programs may be set-uid");
    return amiss(
      "lacking",
      tried,
      "1, no program that is started from here gains anything by a set-uid bit",
      "sudo, pkexec, newuidmap and newgidmap cannot work.",
      { words: "start the editor from a session where it is 0: it is never taken back" },
    );
  },
};
