import type { PlacedCgroup } from "../limits/target.ts";
import type { LimitUpdate } from "../limits/updates.ts";
import type { LimitTrial } from "../protocol/limitsReport.ts";
import type { SandboxHost } from "./host.ts";
import { processIdentity } from "./newRecord.ts";
import {
  findRevert,
  type PendingChange,
  pendingOf,
  readReverts,
  removeRevert,
  standing,
  withWritten,
  writeRevert,
} from "./pendingReverts.ts";
import { putBack, putBackUnasked } from "./putBack.ts";
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

/** At once. Throws noSuchRevert, notPutBack. */
export function revertNow({ registry }: SandboxHost, id: string): Promise<readonly string[]> {
  return registry.exclusively(() => putBack(registry.state, findRevert(registry.state, id)));
}

/** When its time is over. True where nothing is left to be done: it went back, or is somebody else's by now. */
export function undoTrial(host: SandboxHost, id: string): Promise<boolean> {
  const { registry } = host;
  return registry.exclusively(() => {
    const revert = readReverts(registry.state).find((one) => one.id === id);
    return !revert || putBackUnasked(host, revert);
  });
}

/** Which limits of these places go back unless somebody keeps them, or were to and could not. */
export function trialsOf(
  state: StateDirectory,
  places: readonly PlacedCgroup[],
): readonly LimitTrial[] {
  const directories = new Set(places.map(({ directory }) => directory));
  const trials = readReverts(state).flatMap(({ changes, refused }) =>
    changes
      .filter((change) => directories.has(change.directory) && standing(change))
      .map(({ limit, before }) => ({ limit, before: before ?? undefined, refused })),
  );
  return [...new Map(trials.map((trial) => [trial.limit, trial])).values()];
}
