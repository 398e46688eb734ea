import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import { keepRevert, revertNow, undoTrial } from "../sandboxes/reverts.ts";

/** The limits that one connection tries out. */
export interface Reverts {
  /** Nothing without an id. */
  schedule(id: string | undefined, afterMs: number | undefined): void;
  /** Throws noSuchRevert. */
  keep(id: string): Promise<void>;
  /** Throws noSuchRevert, notPutBack. */
  revert(id: string): Promise<void>;
  /** Puts all of them back at once: whoever could keep them has gone. */
  dispose(): void;
}

/** What the kernel refuses today it may take when the sandbox uses less; each attempt makes it reclaim memory. */
const firstRetryMs = 1_000;
const lastRetryMs = 60_000;

export function openReverts(host: SandboxHost): Reverts {
  const timers = new Map<string, NodeJS.Timeout>();
  const wait = (id: string, ms: number, then: () => void) => {
    clearTimeout(timers.get(id));
    timers.set(id, setTimeout(then, ms).unref());
  };
  const forget = (id: string) => {
    clearTimeout(timers.get(id));
    timers.delete(id);
  };
  const undo = async (id: string, retryMs = firstRetryMs): Promise<void> => {
    forget(id);
    // A lock that was not to be had is one more reason to try again.
    const isDone = await undoTrial(host, id).catch(() => false);
    if (!isDone) wait(id, retryMs, () => void undo(id, Math.min(2 * retryMs, lastRetryMs)));
  };
  return {
    schedule: (id, afterMs = 0) => {
      if (id !== undefined) wait(id, afterMs, () => void undo(id));
    },
    keep: async (id) => {
      await keepRevert(host, id);
      forget(id);
    },
    revert: async (id) => {
      await revertNow(host, id).catch((error: unknown) => {
        if (TerrariumError.is(error, "notPutBack")) wait(id, firstRetryMs, () => void undo(id));
        throw error;
      });
      forget(id);
    },
    dispose: () => {
      for (const id of timers.keys()) void undo(id);
    },
  };
}
