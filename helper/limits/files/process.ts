import { parseResourceLimit, setResourceLimit } from "../../kernel/resourceLimits.ts";
import type { UlimitName } from "../../protocol/privileges.ts";
import { noResourceLimit, resourceLimitFacts } from "../../protocol/resourceLimits.ts";
import type { PlacedProcess } from "../target.ts";
import type { LimitFile } from "./limitFile.ts";

/** What the kernel says of a process in /proc/PID/limits; what is written there goes by prlimit(2). */
const file = "limits";

export function resourceLimit(resource: UlimitName): LimitFile<string> {
  return {
    name: "/proc/PID/limits",
    find: (files) => (parseResourceLimit(files.read(file) ?? "", resource) ? file : undefined),
    read: (files) => parseResourceLimit(files.read(file) ?? "", resource),
    writes: (value = noResourceLimit) => [{ file, text: `${resource} ${value}`, line: true }],
  };
}

/** Answers the errno's name where it was refused. */
export function writeProcess(process: PlacedProcess, text: string): string | undefined {
  const [name, value = ""] = text.split(" ");
  const fact = Object.values(resourceLimitFacts).find(({ resource }) => resource === name);
  return fact ? setResourceLimit(process, fact.resource, value) : "EINVAL";
}
