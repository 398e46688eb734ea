import { describeUpdates, type LimitUpdate } from "../limits/updates.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxHost } from "./host.ts";
import { processIdentity } from "./newRecord.ts";
import {
  type PendingChange,
  type PendingRevert,
  pendingOf,
  putBack,
  readReverts,
  removeRevert,
  standing,
  withWritten,
  writeRevert,
} from "./pendingReverts.ts";
import { newId } from "./registry.ts";
import { rememberLimits } from "./specLimits.ts";
import type { StateDirectory } from "./stateDirectory.ts";

export interface StartedRevert {
  readonly id: string;
  /** The kernel has taken them, and perhaps more: of processes that were forked meanwhile. */
  written(made: readonly LimitUpdate[]): void;
  /** It has not. */
  forget(): void;
}

/** Begins a revert: from now on the limits are put back, whatever becomes of this helper. */
export function startRevert(state: StateDirectory, updates: readonly LimitUpdate[]): StartedRevert {
  const id = newId();
  const holder = processIdentity(process.pid);
  const write = (changes: PendingChange[]) => writeRevert(state, { id, holder, changes });
  write(updates.map(pendingOf));
  return {
    id,
    written: (made) => write(made.map((update) => withWritten(pendingOf(update), update))),
    forget: () => removeRevert(state, id),
  };
}

/**
 * The changes with what there was before others that still wait to be put back, and what makes those forget
 * these limits. They would otherwise put back to the middle of the new one.
 */
export function takeOver(state: StateDirectory, changes: readonly LimitUpdate[]) {
  const waiting = readReverts(state);
  const older = waiting.flatMap((revert) => revert.changes);
  const original = changes.map((change): LimitUpdate => {
    const pending = older.find((one) => isSame(one, change));
    return pending && standing(pending)
      ? { ...change, before: pending.before, alongside: pending.alongside }
      : change;
  });
  const release = () => {
    for (const revert of waiting) {
      const left = revert.changes.filter((one) => !changes.some((change) => isSame(one, change)));
      if (left.length === 0) removeRevert(state, revert.id);
      else if (left.length < revert.changes.length)
        writeRevert(state, { ...revert, changes: left });
    }
  };
  return { original, release };
}

function isSame(one: PendingChange, { limit, cgroup }: LimitUpdate): boolean {
  return one.limit === limit && one.directory === cgroup.directory;
}

/** What was tried out lasts, also in the next start of a sandbox. Throws noSuchRevert. */
export function keepRevert(host: SandboxHost, id: string): Promise<null> {
  const { registry } = host;
  return registry.exclusively(() => {
    const revert = findRevert(registry.state, id);
    rememberLimits(host, revert.changes);
    removeRevert(registry.state, id);
    return null;
  });
}

/** Puts back at once; answers what was changed, in words. Throws noSuchRevert, limitRefused. */
export function revertNow({ registry }: SandboxHost, id: string): readonly string[] {
  const undone = putBack(registry.state, findRevert(registry.state, id));
  return describeUpdates(
    undone.map((update) => ({ ...update, before: update.after, after: update.before })),
  );
}

function findRevert(state: StateDirectory, id: string): PendingRevert {
  const revert = readReverts(state).find((one) => one.id === id);
  if (!revert) throw new TerrariumError("noSuchRevert", { revert: id });
  return revert;
}
