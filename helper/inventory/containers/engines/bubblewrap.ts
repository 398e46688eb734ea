import { basename } from "node:path";
import type { HostProcess } from "../../../protocol/hostTables.ts";
import type { Claim, Engine } from "../engine.ts";

/** bubblewrap gives no names, and makes no cgroup: a sandbox is called as what runs in it. */
export const bubblewrap: Engine = {
  name: "bubblewrap",
  monitors: { bwrap: readBwrap },
};

/** Arguments that come through a descriptor (`--args FD`) are not seen: what is behind them all is the command. */
function readBwrap(words: readonly string[], child: HostProcess): Claim {
  const id = `${child.pid}:${child.startTimeTicks}`;
  const command = words[commandPlace(words)];
  return { engine: "bubblewrap", id, name: command === undefined ? undefined : basename(command) };
}

/** bwrap(1): how many words follow an option; one, where it is in none of these. */
const followed: readonly (readonly [RegExp, number])[] = [
  [/^--(unshare-\S+|share-net|new-session|die-with-parent|as-pid-1|clearenv)$/, 0],
  [/^--(disable-userns|assert-userns-disabled)$/, 0],
  [/^--((dev-|ro-)?bind(-try|-data|-fd)?|file|symlink|setenv|chmod)$/, 2],
  [/^--overlay$/, 3],
];

/** Behind the last option, and behind `--` where that ends them. */
function commandPlace(words: readonly string[]): number {
  let place = 1;
  for (let word = words[place]; word?.startsWith("-"); word = words[place]) {
    if (word === "--") return place + 1;
    const option = word;
    place += 1 + (followed.find(([pattern]) => pattern.test(option))?.[1] ?? 1);
  }
  return place;
}
