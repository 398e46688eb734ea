import { errnoOf } from "../kernel/errors.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import { keepRevert, revertNow } from "../sandboxes/reverts.ts";
import type { AuditEntry } from "./audit.ts";

/** The limits that one connection tries out. */
export interface Reverts {
  /** Nothing without an id. */
  schedule(id: string | undefined, afterMs: number | undefined): void;
  /** Throws noSuchRevert. */
  keep(id: string): Promise<void>;
  /** Throws noSuchRevert, limitRefused. */
  revert(id: string): Promise<void>;
  /** Puts all of them back at once: whoever could keep them has gone. */
  dispose(): void;
}

type Note = (entry: Omit<AuditEntry, "uid">) => void;

export function openReverts(host: SandboxHost, note: Note): Reverts {
  const timers = new Map<string, NodeJS.Timeout>();
  const forget = (id: string) => {
    clearTimeout(timers.get(id));
    timers.delete(id);
  };
  const undo = (id: string) => {
    forget(id);
    note({ method: "limits/revert", target: id, ...attempt(host, id) });
  };
  return {
    schedule: (id, afterMs) => {
      if (id !== undefined) timers.set(id, setTimeout(undo, afterMs, id));
    },
    keep: async (id) => {
      await keepRevert(host, id);
      forget(id);
    },
    revert: async (id) => {
      forget(id);
      revertNow(host, id);
    },
    dispose: () => {
      for (const id of timers.keys()) undo(id);
    },
  };
}

/** Nobody waits for an answer: the log has it. */
function attempt(host: SandboxHost, id: string): Pick<AuditEntry, "outcome" | "changes"> {
  try {
    return { outcome: "done", changes: revertNow(host, id) };
  } catch (error) {
    return { outcome: TerrariumError.is(error) ? error.code : errnoOf(error) };
  }
}
