import { TerrariumError } from "../protocol/errors.ts";

/** What somebody wants to change of a cgroup or of processes. */
export interface WantedChange {
  readonly title: string;
  /** It is a sandbox of the asker's, or a part of one. */
  readonly own: boolean;
  readonly confirmed: boolean;
  /** In words. */
  readonly changes: readonly string[];
}

/**
 * Whether a change was meant. Who may make it is decided before: an ordinary user's helper writes what the kernel lets
 * that user write, and root's comes here for somebody else only with a grant (server/gate/gate.ts). Throws
 * confirmationNeeded.
 */
export function authorise({ title, own, confirmed, changes }: WantedChange): void {
  if (own || confirmed) return;
  throw new TerrariumError("confirmationNeeded", { title, changes });
}
