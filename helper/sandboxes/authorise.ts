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
 * The one place that decides who may change what. The helper is the asker's own, and only the asker and root
 * can speak to it (server/socket.ts), so the kernel's rules bound what it does: an ordinary user's helper
 * writes what is that user's. What is left to ask is whether it was meant. Throws confirmationNeeded.
 */
export function authorise({ title, own, confirmed, changes }: WantedChange): void {
  if (own || confirmed) return;
  throw new TerrariumError("confirmationNeeded", { title, changes });
}
