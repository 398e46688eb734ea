import { starterPath, versionDirectory } from "../install/places.ts";
import { whyNotWhole } from "../install/starter.ts";
import { installedVersions } from "../install/versions.ts";
import type { DoctorFix } from "../protocol/doctor.ts";
import { version } from "../version.ts";
import { amiss, type Check, fine } from "./check.ts";

const cost = "What belongs to others is not shown, and cannot be entered or limited.";

/** The client runs what it is itself, by sudo. */
function installer(words: string, ...options: readonly string[]): DoctorFix {
  return { words, command: ["terrarium", "install-helper", ...options] };
}

/** Root's own copy of this helper: there, of this version, and as it was installed. */
export const rootHelper: Check = {
  name: "the root helper",
  examine: ({ asker }) => {
    const wanted = version();
    const tried = `${starterPath(wanted)} --check`;
    const versions = installedVersions();
    if (!versions.includes(wanted)) {
      if (asker.uid === 0)
        return fine(tried, "not installed, nor needed: this helper runs as root");
      if (versions.length === 0) {
        return amiss("lacking", tried, "none is installed", cost, installer("install it"));
      }
      const others = `installed is ${versions.join(", ")}, and this is ${wanted}`;
      return amiss("lacking", tried, others, cost, installer("bring it up to date"));
    }
    const reason = whyNotWhole(versionDirectory(wanted));
    if (reason === undefined) return fine(tried, `version ${wanted}, whole`);
    const refused = `It refuses to start. ${cost}`;
    return amiss("broken", tried, reason, refused, installer("install it again", "--repair"));
  },
};
