import type { Ctx } from "../context.ts";
import { type Copyable, copyOf } from "./copyable.ts";

/** The number on the host: the one that every tool outside understands. */
export async function copyPid(ctx: Ctx, argument: unknown, selected: unknown): Promise<void> {
  await copyOf(ctx, { argument, selected }, "PID", (from) => pidOf(from)?.toString());
}

function pidOf(from: Copyable): number | undefined {
  switch (from.kind) {
    case "pid":
      return from.pid;
    case "process":
      return from.process.pid;
    case "sandbox":
      return from.sandbox.pid;
    case "namespace":
      return from.namespace.topmost?.pid;
    case "container":
      return from.container.pid;
    default:
      return undefined;
  }
}
