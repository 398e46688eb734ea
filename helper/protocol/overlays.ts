/** What becomes of what a sandbox writes to its root. */
export const overlays = ["none", "ephemeral", "kept"] as const;
export type Overlay = (typeof overlays)[number];

/** What outlives the sandboxes that use it: their writable layer, or the files of a tarball. */
export interface KeptLayer {
  readonly kind: "layer" | "image";
  /** A layer's is the name of its sandboxes, an image's the SHA-256 of the tarball. */
  readonly name: string;
  readonly directory: string;
  readonly usedAtMs: number;
  /** A sandbox of this name exists. */
  readonly inUse: boolean;
}
