import { parsePasswd } from "../kernel/identity.ts";
import { withinRoot } from "../kernel/insideRoot.ts";
import { readIdMap } from "../kernel/procfs.ts";
import type { IdMapLine } from "../kernel/proctext.ts";
import { findShells } from "../launch/shell.ts";

/** Who somebody is where he works: passwd(5). */
export interface Person {
  readonly name: string;
  readonly home: string;
  /** Those that are there, the one to start first; undefined where nobody may look. */
  readonly shells: readonly string[] | undefined;
}

const passwdCapBytes = 1024 * 1024;
const nologin = /\/(nologin|false|true|sync)$/;

/**
 * Whom a user id means among the files of a process, by its own passwd; a daemon's user
 * has a shell that refuses logins: others are named.
 */
export function personInside(pid: number, uid: number): Person {
  const found = withinRoot(pid, (root) => {
    const users = parsePasswd(root.text("/etc/passwd", passwdCapBytes) ?? "");
    const user = users.find((candidate) => candidate.uid === uid);
    const preferred = user && !nologin.test(user.shell) ? user.shell : undefined;
    return { user, shells: findShells(preferred, root.exists) };
  });
  const { user, shells } = found ?? {};
  return {
    name: user?.name ?? (uid === 0 ? "root" : `${uid}`),
    home: user?.home.startsWith("/") ? user.home : uid === 0 ? "/root" : "/",
    shells,
  };
}

/** What an id of ours is in the user namespace of `pid`, which is another than ours; 65534 where it has none there. */
export function idInside(pid: number, id: number): number {
  return translate(readIdMap(pid, "uid_map"), id);
}

/** The kernel shows an id without a number here as this one: proc_sys_fs_overflowuid(5). */
const overflowId = 65_534;

export function translate(map: readonly IdMapLine[], id: number): number {
  const line = map.find(([, outside, count]) => id >= outside && id < outside + count);
  return line ? line[0] + id - line[1] : overflowId;
}
