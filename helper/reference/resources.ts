import { limitUnits } from "../protocol/limitUnits.ts";
import { type ResourceLimitFact, resourceLimitFacts } from "../protocol/resourceLimits.ts";

/** The section of docs/reference.md on the limits that each process has. */
export function resourceSection(): readonly string[] {
  return [
    "## Limits of each process",
    "",
    "`--ulimit NAME=SOFT[:HARD]` of `terrarium run` and `terrarium update`, `ulimits` in sandbox.json: getrlimit(2). The",
    "soft limit is in force, and the process may raise it up to the hard one. `update` changes all processes of a",
    "sandbox (its init excepted), what is started there later, and its next start; or one process alone, by its pid; a",
    "cgroup has none. What init starts again by a restart policy begins with those of the sandbox's start. Raising a",
    "hard limit needs CAP_SYS_RESOURCE, so who lacks it cannot undo that one was lowered.",
    "",
    "| name | limits | written |",
    "| --- | --- | --- |",
    ...Object.values(resourceLimitFacts).map(describeResource),
  ];
}

function describeResource({ resource, label, help, unit }: ResourceLimitFact): string {
  return `| \`${resource}\` | ${label}: ${help} | ${limitUnits[unit].range(0, 0)} |`;
}
