import * as z from "zod/mini";
import type { Engine } from "../engine.ts";
import { parseJson } from "../json.ts";

/** crun by itself, known as runc is. */
export const crun: Engine = {
  name: "crun",
  state: {
    roots: (uid) => [uid === 0 ? "/run/crun" : `/run/user/${uid}/crun`],
    file: "status",
    parse: parseStatus,
  },
};

const status = z.object({
  pid: z.int(),
  "process-start-time": z.optional(z.int()),
  created: z.optional(z.string()),
});

/** libcrun's container status (crun, src/libcrun/status.c); it has no id but its directory's name. */
function parseStatus(text: string, id: string) {
  const found = parseJson(status, text);
  if (!found) return undefined;
  return {
    claim: {
      engine: "crun",
      id,
      name: id,
      startedAtMs: Date.parse(found.created ?? "") || undefined,
    },
    pid: found.pid,
    startTimeTicks: found["process-start-time"],
  } as const;
}
