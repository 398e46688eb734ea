import { existsSync } from "node:fs";
import { amiss, type Check, fine } from "./check.ts";
import { readSetting } from "./settings.ts";

interface Enclosure {
  readonly name: string;
  readonly isAround: () => boolean;
  readonly cost: string;
  /** How one sees the machine all the same. */
  readonly instead: string;
}

const inside = "The views show what is inside of that, and not the machine around it.";
const shutOut =
  "It cannot reach the machine's own programs, pkexec and sudo among them, and the views show what is inside.";

const unpackaged =
  "install the editor from a package of the system's, or connect to the machine by SSH";
const outside = "to see the machine, connect the editor to the machine itself";

/** What encloses the helper, by the file or the variable that tells of it. */
const enclosures: readonly Enclosure[] = [
  {
    name: "a Flatpak",
    isAround: () => existsSync("/.flatpak-info"),
    cost: shutOut,
    instead: unpackaged,
  },
  {
    name: "a snap",
    isAround: () => process.env["SNAP"] !== undefined,
    cost: shutOut,
    instead: unpackaged,
  },
  {
    name: "a Docker container",
    isAround: () => existsSync("/.dockerenv"),
    cost: inside,
    instead: outside,
  },
  {
    name: "a Podman container",
    isAround: () => existsSync("/run/.containerenv"),
    cost: inside,
    instead: outside,
  },
  // systemd's CONTAINER_INTERFACE: what started PID 1 says so there.
  {
    name: "a container",
    isAround: () => readSetting("/run/systemd/container") !== undefined,
    cost: inside,
    instead: outside,
  },
];

const tried = "the marks that containers and packages leave";

/** A helper in a container sees that container's processes, not the machine's. */
export const surroundings: Check = {
  name: "the helper's own surroundings",
  examine: () => {
    const around = enclosures.find(({ isAround }) => isAround());
    if (around === undefined) return fine(tried, "none: it sees the machine itself");
    return amiss("lacking", tried, `it runs in ${around.name}`, around.cost, {
      words: around.instead,
    });
  },
};
