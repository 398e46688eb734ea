import { formatBytes } from "../../protocol/bytes.ts";
import { type Check, whenKnown } from "./facts.ts";
import type { HeldLimits } from "./heldLimits.ts";

interface LimitWords {
  readonly controller: keyof HeldLimits;
  readonly name: string;
  readonly format: (value: number) => string;
  readonly matters: string;
  readonly flag: string;
}

const rows: readonly LimitWords[] = [
  {
    controller: "memory",
    name: "memory",
    format: (bytes) => `${formatBytes(bytes)} at most`,
    matters: "It can use all of the machine's memory; then the kernel ends somebody.",
    flag: "--memory 512m",
  },
  {
    controller: "pids",
    name: "processes",
    format: (count) => `${count} at most`,
    matters: "It can start processes until nobody can.",
    flag: "--pids-limit 200",
  },
  {
    controller: "cpu",
    name: "processor time",
    format: (processors) => `${Number(processors.toFixed(2))} processors at most`,
    matters: "It can keep every processor busy.",
    flag: "--cpus 1.5",
  },
];

/** Of the process's cgroup and its ancestors, the lowest. */
export const limitChecks: readonly Check[] = rows.map(
  ({ controller, name, format, matters, flag }) => ({
    name,
    source: "cgroup",
    judge: ({ limits, sandbox }) =>
      whenKnown(limits[controller], ({ value, file }) => {
        if (value !== undefined) return { level: "closed", fact: format(value), source: file };
        const remedy = sandbox === undefined ? flag : `terrarium update ${sandbox} ${flag}`;
        return { level: "partly", fact: "no limit", matters, remedy, source: file };
      }),
  }),
);
