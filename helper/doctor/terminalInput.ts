import { amiss, type Check, fine, setSysctl } from "./check.ts";
import { readSysctl } from "./settings.ts";

const name = "dev.tty.legacy_tiocsti";
const tried = `sysctl ${name}`;

/** CVE-2017-5226: typing into somebody's terminal. Sandboxes have one of their own either way. */
export const terminalInput: Check = {
  name: "typing into terminals",
  examine: () => {
    const value = readSysctl(name);
    if (value === 0) return fine(tried, "0, no program may");
    return amiss(
      "lacking",
      tried,
      value === undefined
        ? "not there: before Linux 6.2 any program may"
        : `${value}, any program may`,
      "Sandboxes are closed to it by their own terminal and filter; programs that are in none are not.",
      value === undefined ? undefined : setSysctl(name, 0),
    );
  },
};
