import { containerTitle } from "../../helper/protocol/containerWords.ts";
import { type HostContainer, tableKeys } from "../../helper/protocol/hostTables.ts";
import type { ProcessFact, SandboxSummary } from "../../helper/protocol/inventory.ts";
import type { ParameterInput } from "../../helper/protocol/methods.ts";
import type { NamespaceType } from "../../helper/protocol/namespaces.ts";
import { mainProcess } from "../../helper/protocol/processes.ts";
import type { Ctx } from "../context.ts";
import { UserError } from "../failure.ts";
import type { NamespaceSubject, Subject } from "../views/row.ts";

/** What a person can point at to be inside it; of `pid` no more is known. */
export type Enterable =
  | Exclude<Subject, { kind: "group" | "file" }>
  | { readonly kind: "pid"; readonly pid: number };

/** A process to enter. */
export interface EnterTarget {
  /**
   * With its start time where that is known: a pid that was given to somebody else since is refused. Or, in its place,
   * the `target`: whichever process is the topmost of its home by now.
   */
  readonly process: Pick<ParameterInput<"process/entry">, "pid" | "startTimeTicks" | "target">;
  /** `web` of `web ⟶ nginx`; absent outside of all containers. */
  readonly place?: string | undefined;
  /** The container that it is in: a key of the inventory, which stays when its processes are others. */
  readonly home?: string | undefined;
  /** All that there is to enter, where a single namespace was pointed at. */
  readonly only?: readonly NamespaceType[] | undefined;
  /** In a sandbox of our own. */
  readonly isOurs: boolean;
}

/** Which process is meant. Rejects with a UserError where there is none, and with a TerrariumError. */
export async function targetOf(ctx: Ctx, subject: Enterable): Promise<EnterTarget> {
  switch (subject.kind) {
    case "sandbox":
      return targetOfSandbox(subject.sandbox);
    case "container":
      return targetOfContainer(subject.container);
    case "process":
      return targetOfProcess(ctx, subject.process);
    case "pid":
      return targetOfProcess(ctx, subject);
    case "namespace":
      return targetOfNamespace(ctx, subject.namespace);
    case "cgroup":
      return targetOfCgroup(ctx, subject);
  }
}

/** Its command, not its init, which keeps no privilege worth following. */
export function targetOfSandbox({ id, name, processes }: SandboxSummary): EnterTarget {
  const main = mainProcess(processes);
  if (!main) throw new UserError(`Sandbox "${name}" has no process to enter: it has ended.`);
  return { process: identityOf(main), place: name, home: homeOfSandbox(id), isOurs: true };
}

export function targetOfContainer(container: HostContainer): EnterTarget {
  return {
    process: identityOf(container),
    place: containerTitle(container),
    home: tableKeys.containers(container),
    isOurs: false,
  };
}

/** What our own are called in the inventory. */
export function homeOfSandbox(id: string): string {
  return `terrarium:${id}`;
}

async function targetOfProcess(
  { helper, reports }: Ctx,
  { pid, startTimeTicks }: ParameterInput<"process/inspect">,
): Promise<EnterTarget> {
  const found = await helper.request("process/inspect", { pid, startTimeTicks });
  const process = identityOf(found);
  if (found.sandbox !== undefined) {
    const sandbox = await helper.request("sandbox/inspect", { target: found.sandbox });
    return { process, place: sandbox.name, home: homeOfSandbox(sandbox.id), isOurs: true };
  }
  const tables = reports.last.tables ?? (await reports.tables());
  const key = tables.processes.get(`${found.pid}:${found.startTimeTicks}`)?.container;
  const container = key === undefined ? undefined : tables.containers.get(key);
  if (!container) return { process, isOurs: false };
  return { process, place: containerTitle(container), home: key, isOurs: false };
}

async function targetOfNamespace(
  ctx: Ctx,
  { type, inode, topmost }: NamespaceSubject,
): Promise<EnterTarget> {
  if (!topmost) {
    throw new UserError(`No process is in the ${type} namespace ${inode}, so there is no way in.`);
  }
  return { ...(await targetOfProcess(ctx, topmost)), only: [type] };
}

/** The oldest of those in it and below it: the others came out of it, mostly. */
async function targetOfCgroup(
  ctx: Ctx,
  { hierarchy, cgroup, title }: Extract<Subject, { kind: "cgroup" }>,
): Promise<EnterTarget> {
  const target = `${hierarchy.mountPoint}${cgroup.path}`;
  const { processes } = await ctx.helper.request("target/processes", { target });
  const [oldest] = processes.toSorted(bySeniority);
  if (!oldest) throw new UserError(`No process is in the cgroup ${title}, so there is no way in.`);
  return targetOfProcess(ctx, oldest);
}

function bySeniority(a: ProcessFact, b: ProcessFact): number {
  return a.startTimeTicks - b.startTimeTicks || a.pid - b.pid;
}

function identityOf({ pid, startTimeTicks }: Pick<ProcessFact, "pid" | "startTimeTicks">) {
  return { pid, startTimeTicks };
}
