import type { Folder } from "../../launch/folders.ts";
import type { MountKind, PlannedMount } from "../../protocol/plan.ts";

/** These change what may be done at a place, or are no folders, and leave what is there where it is. */
const inPlace: ReadonlySet<MountKind> = new Set([
  "device",
  "directory",
  "pin",
  "protect",
  "symlink",
  "text",
]);

/** Where the host has what a sandbox will show; an overlay's folders are partly there only, and so nowhere. */
export function plannedFolders(mounts: readonly PlannedMount[]): readonly Folder[] {
  return mounts
    .filter(({ kind }) => !inPlace.has(kind))
    .map(({ kind, source, target }) => ({
      inside: target,
      outside: kind === "root" || kind === "bind" ? source : undefined,
    }));
}
