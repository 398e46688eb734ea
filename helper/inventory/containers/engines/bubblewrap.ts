import { basename } from "node:path";
import type { HostProcess } from "../../../protocol/hostTables.ts";
import type { Claim, Engine } from "../engine.ts";

/** bubblewrap gives no names, and makes no cgroup: a sandbox is called as what runs in it. */
export const bubblewrap: Engine = {
  name: "bubblewrap",
  monitors: { bwrap: readBwrap },
};

/** What follows the options; arguments that come through a descriptor (`--args FD`) are not seen. */
function readBwrap(words: readonly string[], child: HostProcess): Claim {
  const id = `${child.pid}:${child.startTimeTicks}`;
  const dashes = words.indexOf("--");
  const command = dashes > 0 ? words[dashes + 1] : undefined;
  const name = command === undefined ? undefined : basename(command);
  return { engine: "bubblewrap", id, name: name ?? lastCommand(words) };
}

/** Without `--`, the first absolute path behind the last option's words is a guess; the child's name is none. */
function lastCommand(words: readonly string[]): string | undefined {
  const last = words.findLast((word) => !word.startsWith("-"));
  return last === undefined ? undefined : basename(last);
}
