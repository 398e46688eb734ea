import { statSync } from "node:fs";
import { dirname } from "node:path";
import { installedFile } from "../installation.ts";
import { amiss, type Check, fine } from "./check.ts";

const files = ["bin/terrarium", "native/launcher"];
const othersMayWrite = 0o022;
const sticky = 0o1000;
const tried = "the owners and modes of the helper, the launcher and the directories above them";

/** What root runs, only root may change: each directory on the way counts, for it can be renamed. */
export const ownFiles: Check = {
  name: "files that root runs",
  examine: ({ asker }) => {
    if (asker.uid !== 0) return fine(tried, "not asked: this helper does not run as root");
    const weak = files.some((name) => withParents(installedFile(name)).some(isOthers));
    if (!weak) return fine(tried, "root's alone");
    const cost = "Whoever may write there becomes root with the next start of the helper.";
    return amiss("broken", tried, "a user other than root may change some of them", cost, {
      words: "install Terrarium in a directory that belongs to root, with all above it",
    });
  },
};

function withParents(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...withParents(parent)];
}

function isOthers(path: string): boolean {
  const { uid, mode } = statSync(path);
  return uid !== 0 || ((mode & othersMayWrite) !== 0 && (mode & sticky) === 0);
}
