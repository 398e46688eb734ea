import { posix } from "node:path";
import { containerTitle } from "../../helper/protocol/containerWords.ts";
import type { HostContainer } from "../../helper/protocol/hostTables.ts";
import type { ProcessFact } from "../../helper/protocol/inventory.ts";
import type { PanelSubject } from "../../helper/protocol/panel.ts";
import type { CgroupPath, Target } from "../commands/pickers.ts";
import type { Helper } from "../connection/helper.ts";
import { UserError } from "../failure.ts";
import type { Subject } from "../views/row.ts";

/** Whom a panel of that row, or of that choice, is about. */
export async function panelSubject(
  helper: Helper,
  target: Target | CgroupPath | Extract<Subject, { kind: "process" | "cgroup" }>,
): Promise<PanelSubject> {
  switch (target.kind) {
    case "sandbox":
      return { kind: "sandbox", target: target.sandbox.id, title: target.sandbox.name };
    case "process":
      return processSubject(target.process);
    case "pid":
      return processSubject(await helper.request("process/inspect", { pid: target.pid }));
    case "container":
      return containerSubject(target.container);
    case "cgroup": {
      const { hierarchy, cgroup, title } = target;
      return { kind: "cgroup", target: posix.join(hierarchy.mountPoint, cgroup.path), title };
    }
    case "path":
      return cgroupSubject(target.path);
    case "namespace": {
      const { topmost } = target.namespace;
      if (!topmost) throw new UserError("No process is in this namespace any more.");
      return processSubject(topmost);
    }
  }
}

export function processSubject({ pid, command, startTimeTicks }: ProcessFact): PanelSubject {
  return { kind: "process", target: `${pid}`, title: `${command} ${pid}`, startTimeTicks };
}

/** Of its topmost process, by which the kernel tells its namespaces as well as its cgroups. */
function containerSubject(container: HostContainer): PanelSubject {
  const { pid, startTimeTicks } = container;
  return { kind: "process", target: `${pid}`, title: containerTitle(container), startTimeTicks };
}

/** `path` is a directory of one hierarchy. */
export function cgroupSubject(path: string): PanelSubject {
  return { kind: "cgroup", target: path, title: posix.basename(path) || "/" };
}
