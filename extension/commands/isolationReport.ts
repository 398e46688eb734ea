import type { Ctx } from "../context.ts";
import type { Inspectable } from "../documents/inspect.ts";
import { UserError } from "../failure.ts";
import type { Subject } from "../views/row.ts";
import { pickTarget, type Target } from "./pickers.ts";
import { subjectOf } from "./subject.ts";

/** What a sandbox or a process can still see and do, as a read-only document. */
export async function isolationReport(ctx: Ctx, argument: unknown): Promise<void> {
  const target =
    subjectOf(ctx, argument, "sandbox", "process") ?? (await pickTarget(ctx, "Isolation Report"));
  if (target) await ctx.documents.open(documentOf(target));
}

function documentOf(target: Target | Extract<Subject, { kind: "process" }>): Inspectable {
  switch (target.kind) {
    case "sandbox": {
      const { id, name } = target.sandbox;
      return { kind: "sandbox-isolation", key: id, title: `isolation of ${name}` };
    }
    case "process":
      return ofProcess(target.process.pid);
    case "pid":
      return ofProcess(target.pid);
    case "namespace": {
      const [first] = target.namespace.processes;
      if (!first) throw new UserError("No process is in this namespace any more.");
      return ofProcess(first.pid);
    }
  }
}

function ofProcess(pid: number): Inspectable {
  return { kind: "process-isolation", key: `${pid}`, title: `isolation of process ${pid}` };
}
