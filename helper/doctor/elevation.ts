import { existsSync } from "node:fs";
import type { DoctorFix } from "../protocol/doctor.ts";
import { amiss, type Check, fine, install } from "./check.ts";

const directories = ["/usr/bin", "/bin"];
const tried = "pkexec and sudo in /usr/bin and /bin";

/** What a machine without one of them is like. */
interface Lack {
  readonly answer: string;
  readonly cost: string;
  readonly fix: DoctorFix;
}

/** By what is there. pkexec is a package of its own on Debian since 12. */
const lacks: Readonly<Record<string, Lack>> = {
  sudo: {
    answer: "sudo alone",
    cost: "The editor can ask for a password in a terminal, but not in a window.",
    fix: install("pkexec"),
  },
  "": {
    answer: "neither",
    cost: "What needs a helper that runs as root cannot be had.",
    fix: { words: "as root: apt-get install pkexec" },
  },
};

/** How a user becomes root here. */
export const elevation: Check = {
  name: "becoming root",
  examine: ({ asker }) => {
    if (asker.uid === 0) return fine(tried, "not needed: this helper runs as root");
    const found = ["pkexec", "sudo"].filter((tool) =>
      directories.some((directory) => existsSync(`${directory}/${tool}`)),
    );
    const lack = lacks[found.join(", ")];
    return lack
      ? amiss("lacking", tried, lack.answer, lack.cost, lack.fix)
      : fine(tried, found.join(", "));
  },
};
