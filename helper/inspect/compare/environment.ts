import { closeSync, openSync, readSync } from "node:fs";
import { printable } from "../../protocol/printable.ts";
import type { FactTable } from "./facts.ts";

/** A process may make its environment as large as its stack allows. */
const mostBytes = 256 * 1024;

/**
 * The variables that a process was started with: proc_pid_environ(5). What it set since is in its memory alone.
 * Throws where it may not be read (the rights of ptrace(2)).
 */
export function readEnvironment(pid: number): FactTable {
  const fd = openSync(`/proc/${pid}/environ`, "r");
  try {
    return parseEnvironment(readUpTo(fd, mostBytes));
  } finally {
    closeSync(fd);
  }
}

/** The file is given out a page at a time. */
function readUpTo(fd: number, most: number): string {
  const buffer = Buffer.alloc(most);
  let length = 0;
  while (length < most) {
    const read = readSync(fd, buffer, length, most - length, null);
    if (read === 0) break;
    length += read;
  }
  return buffer.toString("utf8", 0, length);
}

/** Of a name that stands there twice the first counts, as getenv(3) has it. What has no `=` is no variable. */
export function parseEnvironment(text: string): FactTable {
  const variables = new Map<string, string>();
  for (const entry of text.split("\0")) {
    const equals = entry.indexOf("=");
    const name = printable(entry.slice(0, Math.max(0, equals)));
    if (name !== "" && !variables.has(name))
      variables.set(name, printable(entry.slice(equals + 1)));
  }
  return variables;
}
