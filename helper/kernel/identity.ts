import { readFileSync } from "node:fs";
import { printable } from "../protocol/printable.ts";
import { isDenied, isGone } from "./errors.ts";

/** passwd(5). Users of LDAP or another name service are not in these files and have no name here. */
export interface UserEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** group(5). */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** subuid(5): `count` ids from `start` on that `owner` (a name or a uid) may map into user namespaces. */
export interface SubordinateRange {
  readonly owner: string;
  readonly start: number;
  readonly count: number;
}

/** By uid; the first line of a uid wins, as in getpwuid(3). */
export function readUsers(): ReadonlyMap<number, UserEntry> {
  return firstBy(parsePasswd(readTable("/etc/passwd")), ({ uid }) => uid);
}

/** Who that is on this host, in words that are safe to show; the number where no file has a name for it. */
export function userName(uid: number, users = readUsers()): string {
  return printable(users.get(uid)?.name ?? String(uid));
}

/** By gid; the first line of a gid wins, as in getgrgid(3). */
export function readGroups(): ReadonlyMap<number, GroupEntry> {
  return firstBy(parseGroup(readTable("/etc/group")), ({ gid }) => gid);
}

export function readSubordinateRanges(kind: "subuid" | "subgid"): readonly SubordinateRange[] {
  return parseSubordinateRanges(readTable(`/etc/${kind}`));
}

export function parsePasswd(text: string): readonly UserEntry[] {
  return parseLines(text, 7, ([name = "", , uid = "", gid = "", , home = "", shell = ""]) => {
    if (!isId(uid) || !isId(gid)) return undefined;
    return { name, uid: Number(uid), gid: Number(gid), home, shell };
  });
}

export function parseGroup(text: string): readonly GroupEntry[] {
  return parseLines(text, 4, ([name = "", , gid = "", members = ""]) => {
    if (!isId(gid)) return undefined;
    return { name, gid: Number(gid), members: members.split(",").filter(Boolean) };
  });
}

export function parseSubordinateRanges(text: string): readonly SubordinateRange[] {
  return parseLines(text, 3, ([owner = "", start = "", count = ""]) => {
    if (!isId(start) || !isId(count)) return undefined;
    return { owner, start: Number(start), count: Number(count) };
  });
}

function parseLines<T>(
  text: string,
  fieldCount: number,
  parse: (fields: readonly string[]) => T | undefined,
): readonly T[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.split(":");
    if (fields.length !== fieldCount || !fields[0]) return [];
    return parse(fields) ?? [];
  });
}

/** uid_t without (uid_t) -1, which means "no id" to every system call. */
function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) < 0xffffffff;
}

function firstBy<K, V>(values: readonly V[], key: (value: V) => K): ReadonlyMap<K, V> {
  return new Map([...values].reverse().map((value) => [key(value), value]));
}

function readTable(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isGone(error) || isDenied(error)) return "";
    throw error;
  }
}
