import { join } from "node:path";
import { TerrariumError } from "../protocol/errors.ts";
import { formatLimit } from "../protocol/limits.ts";
import type { LimitChanges } from "../protocol/limitsReport.ts";
import {
  type Change,
  changesOf,
  heldBefore,
  judgeBefore,
  type PlacedWrite,
  writesOf,
} from "./changes.ts";
import { named } from "./devices.ts";
import { explainRefusal } from "./explain.ts";
import { filesOf, writeFile } from "./files/limitFile.ts";
import { isInForce } from "./table.ts";
import type { PlacedCgroup } from "./target.ts";

/**
 * Puts all of the limits in force and reads them back; where one cannot be had, all are as they were.
 * Throws limitUnavailable, limitRefused.
 */
export function writeLimits(cgroups: readonly PlacedCgroup[], changes: LimitChanges): void {
  writeAll(cgroups, changesOf(cgroups, changes));
}

/** The same for what there was before. */
export function restoreLimits(cgroups: readonly PlacedCgroup[], before: LimitChanges): void {
  writeAll(cgroups, changesOf(cgroups, before, judgeBefore));
}

function writeAll(cgroups: readonly PlacedCgroup[], asked: readonly Change[]): void {
  const before = heldBefore(asked, cgroups);
  try {
    write(writesOf(asked));
    for (const change of asked) checkHeld(change);
  } catch (error) {
    putBack(before);
    throw error;
  }
}

/**
 * The kernel judges each write by what the other files hold at that moment: a quota by the period and the
 * parent's share, memory by memory with swap. Which goes first depends on the old values and on the new, so
 * what is refused is tried again as long as another write gets through.
 */
function write(writes: readonly PlacedWrite[]): void {
  const refused = writes.flatMap((one) => {
    const errno = writeFile(one.change.cgroup, one.file, one.text);
    return errno === undefined ? [] : [{ one, errno }];
  });
  const [first] = refused;
  if (!first) return;
  if (refused.length === writes.length) {
    throw refusal(first.one.change, first.one.file, first.errno);
  }
  write(refused.map(({ one }) => one));
}

function putBack(before: readonly Change[]): void {
  try {
    write(writesOf(before));
  } catch {
    // What was refused is told; a cgroup that is gone has nothing to put back.
  }
}

function checkHeld(change: Change): void {
  const { row, file, cgroup, value } = change;
  const files = filesOf(cgroup.directory);
  const held = file.read(files);
  if (value === undefined || isInForce(row, file.round?.(value) ?? value, held)) return;
  throw refusal(change, file.find(files) ?? file.name, `it holds ${formatLimit(row.limit, held)}`);
}

function refusal({ row, cgroup, value }: Change, file: string, errno: string): TerrariumError {
  const { limit } = row;
  return new TerrariumError("limitRefused", {
    limit,
    value: formatLimit(limit, value && named(row, value)),
    file: join(cgroup.directory, file),
    errno,
    why: explainRefusal(limit, errno, filesOf(cgroup.directory), value),
  });
}
