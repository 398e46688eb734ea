import type { HostProcess } from "../../helper/protocol/hostTables.ts";
import type { ProcessFact } from "../../helper/protocol/inventory.ts";

/** What of it this helper cannot reach, in words; undefined where it can, or nobody could. */
export type Reach = (process: ProcessFact | undefined) => string | undefined;

/** Beside what a user may see that it is there, and no more. */
export const beyondWords = "needs the root helper";

/** Of a helper that is not root's. */
export const reachOfUser: Reach = (process) => (isClosed(process) ? beyondWords : undefined);

/** What root cannot see no other helper would show. */
export const reachOfRoot: Reach = () => undefined;

/**
 * The kernel showed no namespace of it to the helper, by the same rule by which it would refuse an entry:
 * ptrace(2), PTRACE_MODE_READ_FSCREDS. A zombie has none, a kernel thread is not entered.
 */
function isClosed(process: ProcessFact | HostProcess | undefined): boolean {
  if (process === undefined || !("namespaces" in process)) return false;
  const { namespaces, isKernelThread, isZombie } = process;
  return !isKernelThread && !isZombie && Object.keys(namespaces).length === 0;
}
