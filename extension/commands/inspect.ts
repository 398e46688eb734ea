import { containerTitle } from "../../helper/protocol/containerWords.ts";
import { tableKeys } from "../../helper/protocol/hostTables.ts";
import type { Ctx } from "../context.ts";
import type { Inspectable } from "../documents/inspect.ts";
import type { Subject } from "../views/row.ts";
import { pickTarget, type Target } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

/** Everything that the helper knows of one thing, as a read-only JSON document. */
export async function inspect(ctx: Ctx, argument: unknown): Promise<void> {
  const target =
    subjectOf(ctx, argument, "sandbox", "container", "process", "namespace", "cgroup") ??
    (await pickTarget(ctx, "Inspect"));
  if (target) await ctx.documents.open(inspectable(target));
}

function inspectable(
  target: Target | Extract<Subject, { kind: "process" | "cgroup" }>,
): Inspectable {
  switch (target.kind) {
    case "pid":
      return { kind: "process", key: `${target.pid}`, title: `process ${target.pid}` };
    case "process": {
      const { pid, command } = target.process;
      return { kind: "process", key: `${pid}`, title: `${command} ${pid}` };
    }
    case "sandbox":
      return { kind: "sandbox", key: target.sandbox.id, title: target.sandbox.name };
    case "container": {
      const { container } = target;
      return {
        kind: "container",
        key: tableKeys.containers(container),
        title: containerTitle(container),
      };
    }
    case "namespace": {
      const { type, inode } = target.namespace;
      return { kind: "namespace", key: `${type}:${inode}`, title: `${type} ${inode}` };
    }
    case "cgroup": {
      const key = tableKeys.cgroups(target.cgroup);
      return { kind: "cgroup", key, title: `cgroup ${target.title}` };
    }
  }
}
