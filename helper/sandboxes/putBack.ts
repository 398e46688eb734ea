import { describeUpdates, type LimitUpdate, undoUpdates } from "../limits/updates.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxHost } from "./host.ts";
import { type PendingRevert, removeRevert, standing, writeRevert } from "./pendingReverts.ts";
import type { StateDirectory } from "./stateDirectory.ts";

/**
 * What still holds as it was written goes back; what somebody has changed since is theirs. It is forgotten only then:
 * a helper killed in between leaves what the next one finishes, what is back already no longer holds, and what the
 * kernel refuses (version 1 answers EBUSY for less memory than is in use) stays to be tried again. Under the
 * registry's lock. Answers what was changed, in words. Throws notPutBack.
 */
export function putBack(state: StateDirectory, revert: PendingRevert): readonly string[] {
  const undone = tryToPutBack(state, revert);
  removeRevert(state, revert.id);
  return describeUpdates(
    undone.map((update) => ({ ...update, before: update.after, after: update.before })),
  );
}

function tryToPutBack(state: StateDirectory, revert: PendingRevert): readonly LimitUpdate[] {
  try {
    const updates = revert.changes.flatMap((pending) => standing(pending) ?? []);
    undoUpdates(updates);
    return updates;
  } catch (error) {
    const refused = error instanceof Error ? error.message : String(error);
    writeRevert(state, { ...revert, refused });
    throw new TerrariumError("notPutBack", { reason: refused });
  }
}

/** Nobody waits for an answer, so the log has it; what it refuses once. False where it is to be tried again. */
export function putBackUnasked(host: SandboxHost, revert: PendingRevert): boolean {
  const { registry, asker, audit } = host;
  const note = { uid: asker.uid, method: "limits/revert", target: revert.id };
  try {
    audit({ ...note, outcome: "done", changes: putBack(registry.state, revert) });
    return true;
  } catch (error) {
    if (!TerrariumError.is(error, "notPutBack")) throw error;
    const { reason } = error.args;
    if (reason !== revert.refused) audit({ ...note, outcome: error.code, reason });
    return false;
  }
}
