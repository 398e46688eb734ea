import * as z from "zod/mini";
import type { SandboxSpec } from "../../protocol/schemas.ts";
import { idRangeSize } from "./idRange.ts";

/** Who asked, from the kernel (credentials of the helper or of the socket's peer). */
export interface Asker {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

/** A line of uid_map: user_namespaces(7). */
const idMap = z.readonly(z.tuple([z.int(), z.int(), z.int()]));
const idMaps = z.readonly(z.array(idMap));

/** Who the user of a sandbox is; its record keeps it, for those who come later. */
export const sandboxIdentity = z.object({
  uid: z.int(),
  gid: z.int(),
  name: z.string(),
  home: z.string(),
  uidMap: idMaps,
  gidMap: idMaps,
  /** Binds need id-mapping, so that what belongs to the asker outside belongs to the user inside. */
  idMappedBinds: z.boolean(),
  capabilities: z.readonly(z.array(z.string())),
});

export type IdMaps = z.output<typeof idMaps>;
export type SandboxIdentity = z.output<typeof sandboxIdentity>;

/**
 * Docker's default set without SETFCAP, FSETID, MKNOD and AUDIT_WRITE: a file capability planted in the
 * workspace would be the host's (design, "planting"), and a set-gid file there must lose that bit when it is
 * written to; device nodes and the audit log are closed to user namespaces.
 */
const rootCapabilities = [
  "chown",
  "dac_override",
  "fowner",
  "kill",
  "net_bind_service",
  "net_raw",
  "setgid",
  "setpcap",
  "setuid",
  "sys_chroot",
] as const;

/**
 * Never the host's root: an asker who is root gets `rangeBase` and 65,536 ids of nobody's. Who is root inside
 * only is the asker outside, with the further ids that the host gives them.
 */
export function planIdentity(
  asker: Asker,
  userns: SandboxSpec["userns"],
  rangeBase: number | undefined,
  subordinate?: Pick<SandboxIdentity, "uidMap" | "gidMap">,
): SandboxIdentity {
  if (rangeBase !== undefined) {
    return {
      ...rootInside,
      uidMap: [[0, rangeBase, idRangeSize]],
      gidMap: [[0, rangeBase, idRangeSize]],
      idMappedBinds: true,
    };
  }
  if (userns === "root") {
    return {
      ...rootInside,
      uidMap: [[0, asker.uid, 1]],
      gidMap: [[0, asker.gid, 1]],
      ...subordinate,
      idMappedBinds: false,
    };
  }
  return {
    uid: asker.uid,
    gid: asker.gid,
    name: asker.name,
    home: asker.home,
    uidMap: [[asker.uid, asker.uid, 1]],
    gidMap: [[asker.gid, asker.gid, 1]],
    idMappedBinds: false,
    capabilities: [],
  };
}

/** Who joins a user namespace is there what the process is that was named. */
export function joinedIdentity(
  uid: number,
  gid: number,
  maps: Pick<SandboxIdentity, "uidMap" | "gidMap">,
  idMappedBinds: boolean,
): SandboxIdentity {
  const who = uid === 0 ? rootInside : { name: `${uid}`, home: "/", capabilities: [] };
  return { ...who, uid, gid, ...maps, idMappedBinds };
}

const rootInside = {
  uid: 0,
  gid: 0,
  name: "root",
  home: "/root",
  capabilities: rootCapabilities,
} as const;

/** Only an asker who is root needs ids of its own; everybody else is mapped to themselves. */
export function needsIdRange(asker: Asker): boolean {
  return asker.uid === 0;
}
