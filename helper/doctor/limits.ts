import { type CgroupPlace, cgroupPlaces } from "../limits/places.ts";
import { isBooted } from "../systemd/booted.ts";
import { amiss, type Check, fine } from "./check.ts";

/** What a sandbox's limits are made of; without the others single limits are refused, with the reason. */
const wanted = ["cpu", "memory", "pids", "cpuset", "io"] as const;
const inVersion1: Readonly<Record<string, string>> = { io: "blkio" };

const tried = "a place in the cgroup tree that this helper may write to";

/** Limits need a cgroup: root's, or one that systemd delegated to the user. */
export const limits: Check = {
  name: "limits",
  examine: ({ asker }) => {
    const places = cgroupPlaces();
    if (places.length === 0) {
      return amiss(
        "lacking",
        tried,
        "there is none",
        "Sandboxes have no limits and count no usage.",
        {
          words: nowhere(asker.uid === 0),
        },
      );
    }
    const missing = wanted.filter((name) => !places.some((place) => offers(place, name)));
    const found = places
      .map(({ hierarchy }) => `${hierarchy.id} (v${hierarchy.version})`)
      .join(", ");
    if (missing.length === 0) return fine(tried, found);
    return amiss("lacking", tried, `${found}, without ${missing.join(" and ")}`, costOf(missing), {
      words: "let systemd delegate them to users, from their next login on",
      ...(asker.uid !== 0 && isBooted() && { command: delegateAll }),
    });
  },
};

function offers({ hierarchy, controllers }: CgroupPlace, name: string): boolean {
  const here = hierarchy.version === 1 ? (inVersion1[name] ?? name) : name;
  return controllers.includes(here);
}

function costOf(missing: readonly string[]): string {
  return `Limits of ${missing.join(" and ")} are refused.`;
}

function nowhere(isRoot: boolean): string {
  if (isRoot)
    return "mount a cgroup hierarchy, or start the container around this with a writable one";
  if (!isBooted()) return "use a helper that runs as root: no systemd delegates cgroups here";
  return "start the editor, or the shell, in a scope of its own: systemd-run --user --scope -p Delegate=yes code";
}

const dropIn = "/etc/systemd/system/user@.service.d";

/** systemd.resource-control(5); Debian delegates cpu, memory and pids alone. */
const delegateAll = [
  "sh",
  "-c",
  `mkdir -p ${dropIn} && printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' > ${dropIn}/terrarium.conf && systemctl daemon-reload`,
];
