import type { SandboxSpec } from "../protocol/schemas.ts";
import { idRangeSize } from "./idRange.ts";

/** Who asked, from the kernel (credentials of the helper or of the socket's peer). */
export interface Asker {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly home: string;
  readonly shell: string;
}

/** Inside id, outside id, count: one line of uid_map (user_namespaces(7)). */
export type IdMap = readonly [inside: number, outside: number, count: number];

export interface SandboxIdentity {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly home: string;
  readonly uidMap: IdMap;
  readonly gidMap: IdMap;
  /** Binds need id-mapping, so that what belongs to the asker outside belongs to the user inside. */
  readonly idMappedBinds: boolean;
  readonly capabilities: readonly string[];
}

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

/** Never the host's root: an asker who is root gets `rangeBase` and 65,536 ids of nobody's. */
export function planIdentity(
  asker: Asker,
  userns: SandboxSpec["userns"],
  rangeBase: number | undefined,
): SandboxIdentity {
  if (rangeBase !== undefined) {
    return {
      ...rootInside,
      uidMap: [0, rangeBase, idRangeSize],
      gidMap: [0, rangeBase, idRangeSize],
      idMappedBinds: true,
    };
  }
  if (userns === "root") {
    return {
      ...rootInside,
      uidMap: [0, asker.uid, 1],
      gidMap: [0, asker.gid, 1],
      idMappedBinds: false,
    };
  }
  return {
    uid: asker.uid,
    gid: asker.gid,
    name: asker.name,
    home: asker.home,
    uidMap: [asker.uid, asker.uid, 1],
    gidMap: [asker.gid, asker.gid, 1],
    idMappedBinds: false,
    capabilities: [],
  };
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
