import type { ParameterInput } from "../../helper/protocol/methods.ts";
import type { EnterTarget } from "./target.ts";

/** How to enter: what a person may choose of "process/enter". Nothing chosen: be what the target is. */
export type Entrance = Pick<
  ParameterInput<"process/enter">,
  "only" | "asRoot" | "args" | "toolbox" | "thaw"
>;

/** What is entered of a process, one row each; menus, the palette and Choose… have the same. */
export const ways = {
  everything: {
    title: "Everything",
    what: "all that it is: namespaces, user, capabilities, limits",
    entrance: {},
  },
  network: {
    title: "Network Only",
    what: "this machine's programs and files in its network, as for curl, ss and tcpdump",
    entrance: { only: ["net"] },
  },
  files: {
    title: "Files Only",
    what: "its files and programs, in this machine's network and among its processes",
    entrance: { only: ["mnt"] },
  },
  root: {
    title: "As Root",
    what: "its namespaces, with every right there and without its confinement",
    entrance: { asRoot: true },
  },
} as const satisfies Readonly<
  Record<string, { readonly title: string; readonly what: string; readonly entrance: Entrance }>
>;

export type WayName = keyof typeof ways;

/** What to ask of the helper. */
export function entryOf(target: EnterTarget, entrance: Entrance): ParameterInput<"process/entry"> {
  return { ...target.process, only: target.only && [...target.only], ...entrance };
}
