import type { Ctx } from "../context.ts";
import { type Copyable, copyOf } from "./copyable.ts";

export async function copyId(ctx: Ctx, argument: unknown, selected: unknown): Promise<void> {
  await copyOf(ctx, { argument, selected }, "id", idOf);
}

/** A sandbox's or container's id; a namespace as the kernel writes it in /proc/PID/ns: `net:[4026531840]`. */
function idOf(from: Copyable): string | undefined {
  if (from.kind === "sandbox") return from.sandbox.id;
  if (from.kind === "container") return from.container.id;
  if (from.kind === "namespace") return `${from.namespace.type}:[${from.namespace.inode}]`;
  return undefined;
}
