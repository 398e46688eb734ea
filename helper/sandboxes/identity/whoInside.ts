import { readIdMap, readStatus } from "../../kernel/procfs.ts";
import { TerrariumError } from "../../protocol/errors.ts";
import type { SandboxSpec } from "../../protocol/schemas.ts";
import { joinedTarget } from "../../protocol/sharing.ts";
import type { SandboxHost } from "../host.ts";
import { isPid } from "../joined.ts";
import { findRunning } from "../pause.ts";
import type { SandboxRecord } from "../record.ts";
import { type IdMaps, joinedIdentity, needsIdRange, planIdentity } from "./identity.ts";
import { chooseIdRange, idsInUse } from "./idRange.ts";
import { subordinateMaps } from "./subordinate.ts";

type WhoInside = Pick<SandboxRecord, "identity" | "idRangeBase">;

/**
 * Who the user is inside: by the asker and `userns`, or whoever is in the user namespace that is joined. `before`:
 * what it was the last time, which somebody else may have been given since.
 */
export function whoInside(
  host: SandboxHost,
  { namespaces, userns }: SandboxSpec,
  others: readonly SandboxRecord[],
  before?: WhoInside,
): WhoInside {
  const target = joinedTarget(namespaces, "user");
  if (target === undefined) {
    const bases = new Set(others.flatMap(({ idRangeBase }) => idRangeBase ?? []));
    const idRangeBase = needsIdRange(host.asker)
      ? chooseIdRange(bases, idsInUse(), before?.idRangeBase)
      : undefined;
    const subordinate = userns === "root" ? subordinateMaps(host.asker) : undefined;
    return { idRangeBase, identity: planIdentity(host.asker, userns, idRangeBase, subordinate) };
  }
  if (isPid(target)) return { identity: identityOf(Number(target), needsIdRange(host.asker)) };
  const { identity, idRangeBase } = findRunning(host.registry.records(), target);
  return { identity, idRangeBase };
}

/** Never the host's root, nor beside an id that is. */
function identityOf(pid: number, ofRoot: boolean) {
  const status = readStatus(pid);
  if (!status) throw new TerrariumError("noSuchProcess", { pid });
  const maps = { uidMap: readIdMap(pid, "uid_map"), gidMap: readIdMap(pid, "gid_map") };
  const uid = inside(maps.uidMap, status.uid.effective);
  const gid = inside(maps.gidMap, status.gid.effective);
  if (uid === undefined || gid === undefined) {
    throw refused(`Process ${pid} has ids that its user namespace does not know.`);
  }
  if (ofRoot && [...maps.uidMap, ...maps.gidMap].some(([, outside]) => outside === 0)) {
    throw refused(
      `The user namespace of process ${pid} holds the host's root, as which no sandbox runs. Its net, ipc, uts, cgroup and time namespaces can be joined.`,
    );
  }
  return joinedIdentity(uid, gid, maps, ofRoot);
}

function inside(maps: IdMaps, id: number): number | undefined {
  const line = maps.find(([, outside, count]) => id >= outside && id < outside + count);
  return line && id - line[1] + line[0];
}

function refused(reason: string): TerrariumError {
  return new TerrariumError("invalidRequest", { reason });
}
