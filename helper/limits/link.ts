import type { Limits } from "../protocol/limits.ts";
import { linkController, linkDirectory, links } from "./files/link.ts";
import { limitTable } from "./table.ts";
import type { PlacedCgroup } from "./target.ts";

/** Where the rates of a link are held: a hierarchy of its own, with this one place in it. */
export function placedLink(device: string): PlacedCgroup {
  const controllers = [linkController];
  const hierarchy = { id: "link", version: 2, controllers, mountPoint: links, root: "/" } as const;
  return { hierarchy: { ...hierarchy, ownPath: "/" }, directory: linkDirectory(device) };
}

/** Those of a link, and the rest, which is of cgroups. */
export function splitLimits(limits: Limits): {
  readonly ofLink: Limits;
  readonly ofCgroups: Limits;
} {
  const rows = limitTable.filter(({ controller }) => controller === linkController);
  const names: ReadonlySet<string> = new Set(rows.map(({ limit }) => limit));
  const entries = Object.entries(limits);
  return {
    ofLink: Object.fromEntries(entries.filter(([name]) => names.has(name))),
    ofCgroups: Object.fromEntries(entries.filter(([name]) => !names.has(name))),
  };
}
