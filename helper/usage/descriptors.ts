import { readFileSync } from "node:fs";

/** The rest is for connections, terminals and launchers. */
const ourPart = 3 / 4;

/** Descriptors that usage may keep open: Node raises its soft limit to the hard one when it starts. */
export function descriptorBudget(): number {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
  return Math.floor(Number(soft ?? 1024) * ourPart);
}
