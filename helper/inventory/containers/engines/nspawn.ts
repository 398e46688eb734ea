import { basename } from "node:path";
import type { Claim, Engine } from "../engine.ts";
import { optionOf, unescapeUnit } from "../words.ts";

/**
 * systemd-nspawn. Below its unit it makes `payload` for the container, and `supervisor` for itself; of the
 * units only those of machines have the name (virtual machines have such units as well, and no payload).
 */
export const nspawn: Engine = {
  name: "nspawn",
  inCgroup: (name, above) => {
    const machine = name === "payload" && machineOf(above.at(-1) ?? "");
    return machine ? { engine: "nspawn", id: machine, name: machine } : undefined;
  },
  isolates: ["pid", "mnt"],
  monitors: { "systemd-nspawn": readNspawn },
};

function machineOf(unit: string): string | undefined {
  const name = /^(?:machine-(.+)\.scope|systemd-nspawn@(.+)\.service)$/.exec(unit);
  const machine = name?.[1] ?? name?.[2];
  return machine && unescapeUnit(machine);
}

/** Without -M it is called as its root directory, or as its image without the ending: systemd-nspawn(1). */
function readNspawn(words: readonly string[]): Claim | undefined {
  const said = optionOf(words, "-M", "--machine");
  const root = optionOf(words, "-D", "--directory") ?? optionOf(words, "-i", "--image");
  const name = said ?? (root && basename(root).replace(/\.raw$/, ""));
  return name ? { engine: "nspawn", id: name, name } : undefined;
}
