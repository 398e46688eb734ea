import type { ObstacleName } from "./obstacles.ts";

/** pkexec(1), "RETURN VALUE": 126 a dismissed question, 127 everything else that it refuses; 125 is its program's refusal. */
export function pkexecObstacle(code: number | null, words: string): ObstacleName {
  if (code === 125) return "damaged";
  if (code === 126) return "dismissed";
  if (/no authentication agent/i.test(words)) return "noAgent";
  return code === 127 ? "denied" : "failed";
}
