import { amiss, type Check, fine, setSysctl } from "./check.ts";
import { readSysctl } from "./settings.ts";

const name = "fs.inotify.max_user_watches";
const tried = `sysctl ${name}`;
/** A window of the editor takes thousands for a large folder, and all of a user's programs share them. */
const tooFew = 8_192;
const plenty = 524_288;

export const watches: Check = {
  name: "file watches",
  examine: () => {
    const value = readSysctl(name);
    if (value === undefined || value > tooFew) return fine(tried, words(value));
    const cost = "When they are used up, changes of cgroups are seen by a timer, seconds later.";
    return amiss("lacking", tried, `${value}`, cost, setSysctl(name, plenty));
  },
};

function words(value: number | undefined): string {
  return value === undefined ? "no limit" : `${value.toLocaleString("en")} for each user`;
}
