import { statSync } from "node:fs";
import { mountOf, visibleMounts } from "../kernel/hostPaths.ts";
import { readMountinfo } from "../kernel/procfs.ts";
import { readSubordinateIds } from "../kernel/subordinate.ts";
import { amiss, type Check, fine, install, type Outcome } from "./check.ts";

const tool = "/usr/bin/newuidmap";
const cost = "--userns root has one id inside: package managers and su cannot change theirs.";

/** An ordinary user's further ids, for `--userns root`; root takes a free range instead. */
export const moreIds: Check = {
  name: "subordinate ids",
  examine: ({ asker }) => {
    const tried = "/etc/subuid, /etc/subgid and newuidmap(1)";
    if (asker.uid === 0) return fine(tried, "not needed: root's sandboxes get a free range of ids");
    const ids = readSubordinateIds(asker.uid);
    if ("missing" in ids) return lacking(tried, ids.missing);
    return (
      powerless(tried) ?? fine(tried, `${ids.uids.reduce((sum, { count }) => sum + count, 0)} ids`)
    );
  },
};

/** usermod(8) takes the user's name, which is no word of ours: it is not put into a command. */
function lacking(tried: string, missing: string): Outcome {
  return amiss(
    "lacking",
    tried,
    `there is no ${missing.replace(/^line for .* in/, "line of yours in")}`,
    cost,
    missing.startsWith("/")
      ? install("uidmap")
      : { words: "as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 YOU" },
  );
}

/** It maps by its set-uid bit or by file capabilities, and on a nosuid mount by neither: mount(8). */
function powerless(tried: string): Outcome | undefined {
  const mount = mountOf(tool, visibleMounts(readMountinfo("self") ?? []));
  if (mount?.options.split(",").includes("nosuid")) {
    return amiss("lacking", tried, `${tool} lies on a file system that is mounted nosuid`, cost, {
      words: "mount it without nosuid, or use a helper that runs as root",
    });
  }
  if (statSync(tool).uid === 0) return undefined;
  return amiss("broken", tried, `${tool} belongs to somebody other than root`, cost, {
    words: "install uidmap again",
    command: ["apt-get", "install", "--reinstall", "--yes", "uidmap"],
  });
}
