import { readStatus } from "../kernel/procfs.ts";
import type { ProcessStatus } from "../kernel/proctext.ts";
import { setpriv } from "../kernel/setpriv.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { FollowedName } from "../protocol/following.ts";
import type { NamespaceType } from "../protocol/namespaces.ts";
import type { EntryParameters } from "./plan.ts";

/** Somebody for whom root enters a process that is not theirs. */
export interface Guest {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** The process as it was when a person allowed it. */
  readonly allowed?: ProcessStatus | undefined;
}

/**
 * A guest gets what the process is and nothing of root's: its identity where its files are joined, their own where
 * only a network or the like is looked at. Throws notAuthorised.
 */
export function checkGuest(
  { guest }: { readonly guest?: Guest | undefined },
  { pid, asRoot, thaw }: EntryParameters,
  follow: ReadonlySet<FollowedName>,
  namespaces: readonly NamespaceType[],
): void {
  const inside = namespaces.includes("mnt") || namespaces.includes("user");
  if (!guest || (!asRoot && !thaw && (follow.has("identity") || !inside))) return;
  const what = `enter process ${pid} with more rights than it has`;
  throw new TerrariumError("notAuthorised", { what, why: "asItIsOnly" });
}

/** The words before a command that make it the guest's own; in the host's files, which no entry without mnt leaves. */
export function becoming(guest: Guest | undefined): readonly string[] {
  return guest ? setpriv(guest) : [];
}

/**
 * Looks at what has become of the launcher before its command runs. The process may have executed a set-uid program
 * between a person's answer and the launcher's reading, and will have gone back to what it was if it is looked at
 * again: so not the process is, but who was made like it. Throws targetChanged.
 */
export function checkEntered(entered: number, allowed: ProcessStatus | undefined): void {
  if (!allowed) return;
  const status = readStatus(entered);
  if (status && isWithin(status, allowed)) return;
  throw new TerrariumError("targetChanged", { target: "the process" });
}

/** The launcher's own, which execve(2) takes away: native/confinement.c. */
const untilExecution = 1n << 21n; // CAP_SYS_ADMIN

function isWithin(status: ProcessStatus, allowed: ProcessStatus): boolean {
  const ids = ["real", "effective", "saved"] as const;
  const sets = ["inheritable", "permitted", "effective", "bounding", "ambient"] as const;
  return (
    ids.every((id) => status.uid[id] === allowed.uid[id] && status.gid[id] === allowed.gid[id]) &&
    status.groups.every((group) => allowed.groups.includes(group)) &&
    sets.every((set) => {
      const spare = set === "permitted" || set === "effective" ? untilExecution : 0n;
      return (status.capabilities[set] & ~allowed.capabilities[set] & ~spare) === 0n;
    })
  );
}
