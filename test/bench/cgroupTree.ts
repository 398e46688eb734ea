import { cgroupRows } from "../../extension/views/cgroupRows.ts";
import { updateNodes } from "../../extension/views/nodes.ts";
import type { Usage } from "../../extension/views/usageWords.ts";
import { cgroup, hostFacts, tables } from "../unit/extension-tables.ts";
import { median } from "./contest.ts";

const refreshes = 40;

/**
 * Processor time in milliseconds of what the extension makes of one round of usage: the rows of a tree of so many
 * cgroups, all open, where the first of them are shown and each uses something else than before.
 */
export function refreshMs(count: number, shown: number): number {
  const [, hierarchy] = hostFacts.hierarchies;
  const paths = Array.from({ length: count }, (_, at) => `/bench/${at}`);
  const id = hierarchy?.id ?? "";
  const cgroups = ["/", "/bench", ...paths].map((path) => cgroup(id, path, 1));
  const from = tables({ cgroups });
  const directories = paths.slice(0, shown).map((path) => `${hierarchy?.mountPoint}${path}`);
  const rowsAt = (round: number) =>
    cgroupRows({ tables: from, usage: usageAt(directories, round), order: "name" });
  let { nodes } = updateNodes([], rowsAt(0), undefined);
  for (const root of nodes) for (const node of root.open()) node.open();
  const times = Array.from({ length: refreshes }, (_, round) => {
    const before = process.cpuUsage();
    ({ nodes } = updateNodes(nodes, rowsAt(round), undefined));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return median(times);
}

function usageAt(directories: readonly string[], round: number): Usage {
  return new Map(
    directories.map((target, at) => {
      const memory = { current: (at + 1) * (round + 1) * 1_048_576 };
      const sample = { target, atMs: round, identity: target, memory, pids: { current: round } };
      return [target, { sample, rates: undefined }];
    }),
  );
}
