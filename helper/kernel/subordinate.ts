import { accessSync, constants } from "node:fs";
import { readSubordinateRanges, readUsers, type SubordinateRange } from "./identity.ts";

/** The launcher runs them, and only from there; they are in Debian's package uidmap. */
const idTools = ["/usr/bin/newuidmap", "/usr/bin/newgidmap"] as const;

export interface SubordinateIds {
  readonly uids: readonly SubordinateRange[];
  readonly gids: readonly SubordinateRange[];
}

/** The further ids that a user may map (subuid(5)), or what is missing for it. */
export function readSubordinateIds(uid: number): SubordinateIds | { readonly missing: string } {
  const missing = idTools.find((tool) => !isExecutable(tool));
  if (missing !== undefined) return { missing };
  const names = [`${uid}`, readUsers().get(uid)?.name];
  const mine = ({ owner }: SubordinateRange) => names.includes(owner);
  const uids = readSubordinateRanges("subuid").filter(mine);
  const gids = readSubordinateRanges("subgid").filter(mine);
  if (uids.length === 0) return { missing: `line for ${names[1] ?? uid} in /etc/subuid` };
  if (gids.length === 0) return { missing: `line for ${names[1] ?? uid} in /etc/subgid` };
  return { uids, gids };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
