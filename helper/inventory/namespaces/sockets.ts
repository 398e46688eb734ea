import { closeSync, fstatSync } from "node:fs";
import { KernelError } from "../../kernel/errors.ts";
import { pidfdGetfd, pidfdOpen, socketNamespace } from "../../kernel/libc.ts";
import type { Task } from "../tasks.ts";
import type { Holding } from "./holdings.ts";

/** The sockets of one process that are in another network namespace than it is. */
export class Sockets {
  readonly #task: Task;
  /** The same socket may have many descriptors. */
  readonly #asked = new Set<string>();
  #pidfd: number | undefined;

  constructor(task: Task) {
    this.#task = task;
  }

  /** `link`: where the descriptor's link leads, which is `socket:[INODE]` for a socket. */
  holdingOf(descriptor: number, link: string): Holding | undefined {
    if (!link.startsWith("socket:") || this.#asked.has(link)) return undefined;
    this.#asked.add(link);
    const inode = this.#namespaceOf(descriptor);
    const { pid, namespaces } = this.#task;
    if (inode === undefined || inode === namespaces.net) return undefined;
    return { type: "net", inode, keeper: { kind: "socket", pid, descriptor } };
  }

  dispose(): void {
    if (this.#pidfd !== undefined) closeSync(this.#pidfd);
  }

  /** Undefined where the process, the socket or the right to have it is gone. */
  #namespaceOf(descriptor: number): number | undefined {
    try {
      this.#pidfd ??= pidfdOpen(this.#task.pid);
      const pidfd = this.#pidfd;
      return withDescriptor(pidfdGetfd(pidfd, descriptor), (socket) =>
        withDescriptor(socketNamespace(socket), (namespace) => fstatSync(namespace).ino),
      );
    } catch (error) {
      if (error instanceof KernelError) return undefined;
      throw error;
    }
  }
}

function withDescriptor<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
