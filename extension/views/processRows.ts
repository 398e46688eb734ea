import type { ProcessFact } from "../../helper/protocol/inventory.ts";
import { countOf, facts } from "../../helper/protocol/words.ts";
import { type Reach, reachOfRoot } from "./reach.ts";
import type { Row } from "./row.ts";
import { pidWords } from "./words.ts";

/** The group "Processes" of a sandbox or container. */
export function processesRow(
  parentId: string,
  processes: readonly ProcessFact[],
  reach: Reach = reachOfRoot,
): Row {
  const id = `${parentId}/processes`;
  return {
    id,
    label: "Processes",
    description: `${processes.length}`,
    icon: { codicon: "server-process" },
    tokens: ["group"],
    subject: { kind: "group" },
    spoken: countOf(processes.length, "process"),
    card: () => ({
      title: "Processes",
      lesson:
        "Left the number that the process has inside, right the number of the same process on the host.",
      facts: [],
    }),
    startsOpen: true,
    ...(processes.length > 0 && { children: () => processRows(id, processes, reach) }),
  };
}

/** Processes below the row `parentId`, by their host pids: mostly the order in which they began. */
export function processRows(
  parentId: string,
  processes: readonly ProcessFact[],
  reach: Reach = reachOfRoot,
): readonly Row[] {
  return [...processes]
    .sort((a, b) => a.pid - b.pid)
    .map((fact) => processRow(parentId, fact, reach(fact)));
}

/** The start time is in the id: a pid that was given anew is another row. */
function processRow(parentId: string, process: ProcessFact, beyond: string | undefined): Row {
  return {
    id: `${parentId}/${process.pid}:${process.startTimeTicks}`,
    label: pidWords(process),
    description: facts(process.command, beyond),
    icon: { codicon: "circle-small-filled" },
    tokens: ["process", ...(beyond ? (["beyond"] as const) : [])],
    subject: { kind: "process", process },
    spoken: spoken(process, beyond),
    card: () => ({
      title: `${process.command}, process ${process.pid}`,
      ...(process.nestedPids.length > 1 && {
        lesson:
          "One process, several numbers: each pid namespace that it is in counts from 1 for itself.",
      }),
      facts: [
        ["process ids, host first", process.nestedPids.join(" → ") || `${process.pid}`],
        ["parent", `${process.parentPid}`],
        ["user id", `${process.uid}`],
        ["command line", process.commandLine || `[${process.command}]`],
      ],
    }),
  };
}

function spoken({ command, pid, nestedPids }: ProcessFact, beyond: string | undefined): string {
  const inner = nestedPids.length > 1 ? `, process ${nestedPids.at(-1)} inside` : "";
  return `${command}, process ${pid} on the host${inner}${beyond ? `, ${beyond}` : ""}`;
}
