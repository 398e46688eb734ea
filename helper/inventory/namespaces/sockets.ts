import { fstatSync } from "node:fs";
import { KernelError } from "../../kernel/errors.ts";
import { processKey } from "../processKey.ts";
import type { Task } from "../tasks.ts";
import type { Holding } from "./holdings.ts";
import { closing, openOfSocket } from "./namespaceFile.ts";

/** Those sockets of one process that are in another network namespace than it is. */
export function socketHoldings(task: Task) {
  // The same socket may have many descriptors.
  const asked = new Set<string>();
  /** `link`: where the descriptor's link leads, which is `socket:[INODE]` for a socket. */
  return (descriptor: number, link: string): Holding | undefined => {
    if (!link.startsWith("socket:") || asked.has(link)) return undefined;
    asked.add(link);
    const { pid, namespaces } = task;
    const inode = namespaceOf(pid, descriptor);
    if (inode === undefined || inode === namespaces.net) return undefined;
    return {
      ...{ type: "net", inode, keeper: { kind: "socket", pid, descriptor } },
      file: { kind: "socket", pid, descriptor, through: `${processKey(task)}/${descriptor}` },
    };
  };
}

function namespaceOf(pid: number, descriptor: number): number | undefined {
  try {
    return closing(openOfSocket({ pid, descriptor }), (fd) => fstatSync(fd).ino);
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}
