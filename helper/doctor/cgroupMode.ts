import { readCgroupMounts } from "../kernel/cgroupfs.ts";
import type { CgroupMode } from "../protocol/inventory.ts";
import { amiss, type Check, fine, type Outcome } from "./check.ts";

const tried = "the cgroup hierarchies that are mounted";

const outcomes: Readonly<Record<CgroupMode, (found: string) => Outcome>> = {
  v2: (found) => fine(tried, found),
  hybrid: (found) => fine(tried, `${found}: limits in version 1, pressure and events in version 2`),
  v1: (found) =>
    amiss(
      "lacking",
      tried,
      found,
      "No pressure is measured, and events are looked for by a timer.",
      {
        words: "mount version 2 beside it: mount -t cgroup2 none /sys/fs/cgroup/unified",
      },
    ),
  none: () =>
    amiss("lacking", tried, "none", "Sandboxes have no limits and count no usage.", {
      words: "mount -t cgroup2 none /sys/fs/cgroup",
    }),
};

export const cgroupMode: Check = {
  name: "cgroup hierarchies",
  examine: () => {
    const { mode, hierarchies } = readCgroupMounts();
    return outcomes[mode](hierarchies.map(({ id, version }) => `${id} (v${version})`).join(", "));
  },
};
