import { posix } from "node:path";
import type { Ctx } from "../context.ts";
import { type Copyable, copyOf } from "./copyable.ts";

/** Where the thing is in the file system: a limit's file, a cgroup's directory, a /proc entry. */
export async function copyPath(ctx: Ctx, argument: unknown, selected: unknown): Promise<void> {
  await copyOf(ctx, { argument, selected }, "path", pathOf);
}

function pathOf(from: Copyable): string | undefined {
  switch (from.kind) {
    case "file":
      return from.path;
    case "cgroup":
      return posix.join(from.hierarchy.mountPoint, from.cgroup.path);
    case "namespace": {
      const { topmost } = from.namespace;
      return topmost && `/proc/${topmost.pid}/ns/${from.namespace.type}`;
    }
    case "container":
      return `/proc/${from.container.pid}`;
    case "process":
      return `/proc/${from.process.pid}`;
    case "pid":
      return `/proc/${from.pid}`;
    case "sandbox":
      return from.sandbox.pid === undefined ? undefined : `/proc/${from.sandbox.pid}`;
  }
}
