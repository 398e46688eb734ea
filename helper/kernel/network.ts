import { readFileSync } from "node:fs";

/** Of one network namespace, as a member's /proc/PID/net shows it: proc_pid_net(5). */

/** Names of its network devices. */
export function readInterfaces(pid: number): readonly string[] {
  return parseInterfaces(readFileSync(`/proc/${pid}/net/dev`, "utf8"));
}

/** Names of the unix sockets that wait for connections: a path, or `@` and an abstract name. */
export function readListeningSockets(pid: number | "self"): readonly string[] {
  return parseListeningSockets(readFileSync(`/proc/${pid}/net/unix`, "utf8"));
}

/** Two lines of titles, then `name: figures`; a name holds no white space, but may hold a colon (eth0:1). */
export function parseInterfaces(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => /^\s*(\S+):\s/.exec(line)?.[1] ?? []);
}

/** include/linux/net.h: __SO_ACCEPTCON, set by listen(2). */
const acceptsConnections = 0x10000;

/** unix(7): the fourth field holds the flags, the eighth (which may hold spaces) the name. */
export function parseListeningSockets(text: string): readonly string[] {
  const names = text.split("\n").flatMap((line) => {
    const match = /^[0-9a-f]+: \S+ \S+ ([0-9A-F]{8}) \S+ \S+ +\d+ (.+)$/i.exec(line);
    const [, flags = "", name] = match ?? [];
    return name !== undefined && Number.parseInt(flags, 16) & acceptsConnections ? [name] : [];
  });
  return [...new Set(names)];
}
