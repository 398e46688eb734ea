import { usageTarget } from "../../helper/protocol/containerWords.ts";
import type { HostContainer, HostProcess } from "../../helper/protocol/hostTables.ts";
import { containerOfSandbox, hierarchiesByUse } from "../../helper/protocol/tableIndexes.ts";
import type { Ctx } from "../context.ts";
import type { Tables } from "../views/tables.ts";
import { pickTarget } from "./pickers.ts";
import { reveal } from "./reveal.ts";
import { pidOf } from "./revealInNamespaces.ts";
import { subjectOf } from "./subject.ts";

/** Shows the cgroup of a process, or of a whole sandbox or container, in the third view. */
export async function revealInCgroups(ctx: Ctx, argument: unknown): Promise<void> {
  const target =
    subjectOf(ctx, argument, "sandbox", "container", "process") ??
    (await pickTarget(ctx, "Reveal in Cgroups"));
  if (!target) return;
  const tables = await ctx.reports.tables();
  const pid = target.kind === "namespace" ? target.namespace.topmost?.pid : pidOf(target);
  const process = [...tables.processes.values()].find((one) => one.pid === pid);
  const container =
    target.kind === "sandbox"
      ? containerOfSandbox(target.sandbox, tables)
      : target.kind === "container"
        ? target.container
        : undefined;
  const id =
    (container && ofContainer(container, tables)) ?? (process && ofProcess(process, tables));
  await reveal(ctx, "cgroups", id ?? "", "It is in no cgroup that the helper can see.");
}

/** Where it is bounded is told by the hierarchy that counts its memory. */
function ofContainer(container: HostContainer, tables: Tables): string | undefined {
  const path = usageTarget(container, tables);
  const hierarchy = hierarchiesByUse(tables.host).find(({ id }) =>
    tables.cgroups.has(`${id}:${path}`),
  );
  return path === undefined || !hierarchy ? undefined : `${hierarchy.id}${path}`;
}

function ofProcess({ cgroups }: HostProcess, tables: Tables): string | undefined {
  const hierarchy = hierarchiesByUse(tables.host).find(({ id }) => cgroups[id] !== undefined);
  return hierarchy && `${hierarchy.id}${cgroups[hierarchy.id]}`;
}
