import * as z from "zod/mini";
import type { Engine } from "../engine.ts";
import { parseJson } from "../json.ts";

/** runc by itself. The one trace that it leaves is its state: its cgroup is the caller's choice, its parent gone. */
export const runc: Engine = {
  name: "runc",
  state: {
    roots: (uid) => [uid === 0 ? "/run/runc" : `/run/user/${uid}/runc`],
    file: "state.json",
    parse: parseState,
  },
};

const state = z.object({
  id: z.string(),
  init_process_pid: z.int(),
  init_process_start: z.int(),
  created: z.optional(z.string()),
});

/** libcontainer's State (runc, libcontainer/container_linux.go). */
function parseState(text: string, id: string) {
  const found = parseJson(state, text);
  if (found?.id !== id) return undefined;
  return {
    claim: {
      engine: "runc",
      id,
      name: id,
      startedAtMs: Date.parse(found.created ?? "") || undefined,
    },
    pid: found.init_process_pid,
    startTimeTicks: found.init_process_start,
  } as const;
}
