/** What becomes of what a sandbox writes to its root. */
export const overlays = ["none", "ephemeral", "kept"] as const;
export type Overlay = (typeof overlays)[number];

/** A writable layer that outlives its sandbox. */
export interface KeptLayer {
  /** Of the sandboxes that use it, one after the other. */
  readonly name: string;
  readonly directory: string;
  readonly usedAtMs: number;
  /** A sandbox of this name exists. */
  readonly inUse: boolean;
}
