import { sandboxAndContainerRows } from "../../extension/views/firstViewRows.ts";
import { type TreeNode, updateNodes } from "../../extension/views/nodes.ts";
import { reachOfUser } from "../../extension/views/reach.ts";
import type { Row } from "../../extension/views/row.ts";
import type { Tables } from "../../extension/views/tables.ts";
import type { HostContainer } from "../../helper/protocol/hostTables.ts";
import { container, namespace, process, tables } from "../unit/extension-tables.ts";
import type { Contest } from "./contest.ts";
import { raceFunctions } from "./race.ts";

/**
 * The first view of a host with 2,000 containers, in the extension host alone. The peer is what every client of an
 * engine does at each refresh: reading the whole list from JSON.
 */

const count = 2_000;
const processesOfEach = 5;

export async function rows(): Promise<readonly Contest[]> {
  const { containers, processes, namespaces } = host();
  const from = tables({ containers, processes, namespaces });
  const text = JSON.stringify({ containers, processes, namespaces });
  let nodes: readonly TreeNode[] = updateNodes([], rowsOf(from), undefined).nodes;
  const changes = changing(from);
  const times = await raceFunctions(20, {
    first: async () => void updateNodes([], rowsOf(from), undefined),
    change: async () => {
      nodes = updateNodes(nodes, rowsOf(changes()), undefined).nodes;
    },
    json: async () => void JSON.parse(text),
  });
  const peer = "JSON.parse of the same tables";
  const common = { peer, unit: "ms", theirs: times.json, bar: 1 } as const;
  return [
    { work: "rows and nodes of 2,000 containers", ours: times.first, ...common },
    { work: "the same after one of them changed", ours: times.change, ...common },
  ];
}

function rowsOf(from: Tables): readonly Row[] {
  const nothing = {
    ...{ details: new Map(), parts: new Map(), usage: new Map() },
    reach: reachOfUser,
  };
  return sandboxAndContainerRows([], {
    ...nothing,
    tables: from,
    alertOf: () => undefined,
    hasReturned: () => false,
    nowMs: 0,
  });
}

/** Each time another container is paused. */
function changing(from: Tables): () => Tables {
  const entries = [...from.containers];
  let at = 0;
  return () => {
    const [key, one] = entries[at++ % entries.length] ?? [];
    const containers = new Map(from.containers);
    if (key !== undefined && one) containers.set(key, { ...one, state: "paused" });
    return { ...from, containers };
  };
}

function host() {
  const containers = Array.from({ length: count }, (_, at) => makeContainer(at));
  const processes = containers.flatMap((one, at) =>
    Array.from({ length: processesOfEach }, (_, place) => {
      const pid = one.pid + place;
      const own = { pid: 10_000 + at, mnt: 20_000 + at, net: 30_000 + at };
      return process(pid, "postgres", {
        nestedPids: [pid, place + 1],
        container: `docker:${one.id}`,
        namespaces: { ...own, user: 1, uts: 2, ipc: 3, cgroup: 4, time: 5 },
      });
    }),
  );
  const namespaces = containers.flatMap((_one, at) => [
    namespace("pid", 10_000 + at),
    namespace("mnt", 20_000 + at),
    namespace("net", 30_000 + at),
  ]);
  return { containers, processes, namespaces };
}

function makeContainer(at: number): HostContainer {
  const pid = 1_000 + at * processesOfEach;
  return container("docker", `${at}`.padStart(64, "0"), {
    name: `tide-${at}`,
    image: "docker.io/library/postgres:16",
    ...{ pid, startTimeTicks: pid * 10 },
    cgroups: { memory: `/sys/fs/cgroup/memory/docker/${at}` },
    ownNamespaces: ["pid", "mnt", "net"],
  });
}
