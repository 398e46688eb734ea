/** One feature of the kernel, as this machine answered when it was asked. */
export interface FeatureReport {
  readonly name: string;
  readonly available: boolean;
  /** What was asked of the kernel and what it answered. */
  readonly answer: string;
  /** What Terrarium does, with it or without. */
  readonly path: string;
  /** Why it matters. */
  readonly why: string;
}
