import { existsSync } from "node:fs";
import { amiss, type Check, fine } from "./check.ts";

const directories = ["/usr/bin", "/bin"];

/** How a user becomes root here; pkexec is a package of its own on Debian since 12. */
export const elevation: Check = {
  name: "becoming root",
  examine: ({ asker }) => {
    const tried = "pkexec and sudo in /usr/bin and /bin";
    const found = ["pkexec", "sudo"].filter((tool) =>
      directories.some((directory) => existsSync(`${directory}/${tool}`)),
    );
    if (asker.uid === 0) return fine(tried, "not needed: this helper runs as root");
    if (found.length > 0) return fine(tried, found.join(", "));
    return amiss(
      "lacking",
      tried,
      "neither",
      "What needs a helper that runs as root cannot be had.",
      {
        words: "as root: apt-get install pkexec",
      },
    );
  },
};
