import { readUsers } from "../../kernel/identity.ts";
import type { Credentials } from "../../kernel/setpriv.ts";
import type { Person } from "../methods.ts";

/** Name, home and shell by the host's passwd; ids and groups as the kernel has them, not as a list of groups would. */
export function personOf({ uid, gid, groups }: Credentials): Person {
  const entry = readUsers().get(uid);
  return {
    uid,
    gid,
    groups,
    name: entry?.name ?? `${uid}`,
    home: entry?.home ?? "/",
    shell: entry?.shell ?? "/bin/sh",
  };
}
