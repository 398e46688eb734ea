import type { HostReport, TableName } from "../protocol/hostTables.ts";
import type { NamespaceType } from "../protocol/namespaces.ts";
import { noHoldings, readHoldings } from "./namespaces/holdings.ts";
import { type FindContainers, readSnapshot } from "./snapshot.ts";
import { readTasks } from "./tasks.ts";

export interface TableQuery {
  readonly tables: readonly TableName[];
  /** Of namespaces; absent: all eight. */
  readonly types?: readonly NamespaceType[] | undefined;
  readonly sockets: boolean;
}

/** The engines' room: sandboxes/containers.ts. */
export interface ContainerReader {
  readonly find: FindContainers;
  /** True: something was learnt, and find() will tell more. */
  enrich(): Promise<boolean>;
  /** Calls when enrich() has something to ask again, until what it answers is called. */
  follow(onNews: () => void): () => void;
}

/** What is there now, for one who asks once: the deep part, too, where it is of namespaces. */
export async function readTables(
  { tables, types, sockets }: TableQuery,
  containers: ContainerReader,
): Promise<HostReport> {
  const tasks = readTasks();
  const isDeep = tables.includes("namespaces");
  const holdings = isDeep ? await readHoldings(tasks, { sockets }) : noHoldings;
  const snapshot = readSnapshot({ tasks, holdings }, containers.find);
  const isMore = await containers.enrich();
  const {
    host,
    processes,
    namespaces,
    cgroups,
    containers: found,
  } = isMore ? readSnapshot(snapshot.parts, containers.find) : snapshot;
  const wanted = new Set<TableName>(tables);
  return {
    host,
    ...(wanted.has("processes") && { processes }),
    ...(wanted.has("namespaces") && {
      namespaces: namespaces.filter(({ type }) => types?.includes(type) ?? true),
    }),
    ...(wanted.has("cgroups") && { cgroups }),
    ...(wanted.has("containers") && { containers: found }),
  };
}
