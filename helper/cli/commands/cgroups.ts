import type { CgroupFact, CgroupHierarchy } from "../../protocol/inventory.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { isSet } from "../options.ts";
import { noTarget } from "../target.ts";
import { printable } from "../text.ts";

export const cgroupsCommand: Command = {
  name: "cgroups",
  summary: "show the cgroup tree of this machine",
  usage: "cgroups [--json]",
  options: [jsonOption],
  run: async ({ connection, print }, parsed) => {
    noTarget(parsed);
    const report = await connection.request("inventory/cgroups", {});
    print(
      isSet(parsed, "json")
        ? JSON.stringify(report, null, 2)
        : [`mode: ${report.mode}`, ...report.hierarchies.flatMap(drawHierarchy)].join("\n"),
    );
    return exitCodes.ok;
  },
};

function drawHierarchy({ id, version, mountPoint, root }: CgroupHierarchy): string[] {
  return [
    `${id} (v${version})  ${mountPoint}  ${describeProcesses(root)}`,
    ...drawChildren(root, ""),
  ];
}

/** The lines of tree(1). */
function drawChildren({ children }: CgroupFact, indent: string): string[] {
  return children.flatMap((child, index) => {
    const last = index === children.length - 1;
    const line = `${indent}${last ? "└─" : "├─"} ${describe(child)}`;
    return [line, ...drawChildren(child, `${indent}${last ? "   " : "│  "}`)];
  });
}

function describe(cgroup: CgroupFact): string {
  const owner = cgroup.sandbox ? `  sandbox ${cgroup.sandbox}` : "";
  return printable(`${cgroup.name}  ${describeProcesses(cgroup)}${owner}`);
}

function describeProcesses({ processes }: CgroupFact): string {
  return processes === 1 ? "1 process" : `${processes} processes`;
}
