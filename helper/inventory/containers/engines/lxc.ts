import type { Claim, Engine } from "../engine.ts";

/**
 * LXC, and what is made with it: Incus, LXD. The cgroup is `lxc.payload.NAME` (LXC 4 before that
 * `lxc.payload/NAME`, and `lxc/NAME` before 3.1); `lxc.monitor.NAME` holds the monitor.
 */
export const lxc: Engine = {
  name: "lxc",
  inCgroup: (name, above) => {
    const container = name.startsWith(payload)
      ? name.slice(payload.length)
      : parents.has(above.at(-1) ?? "") && name;
    return container ? { engine: "lxc", id: container, name: container } : undefined;
  },
  monitors: { "lxc-start": readMonitor, incusd: readMonitor, lxd: readMonitor },
};

const payload = "lxc.payload.";
const parents: ReadonlySet<string> = new Set(["lxc.payload", "lxc"]);

/** The monitor writes `[lxc monitor] PATH NAME` over its arguments, as one word. */
function readMonitor(words: readonly string[]): Claim | undefined {
  const [title = ""] = words;
  if (!title.startsWith("[lxc monitor] ")) return undefined;
  const name = title.slice(title.lastIndexOf(" ") + 1);
  return name === "" ? undefined : { engine: "lxc", id: name, name };
}
