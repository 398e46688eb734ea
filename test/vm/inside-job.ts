/** What is to run inside a machine, told to test/vm/inside-run.ts as its argument. */
export interface InsideJob {
  /** From the checkout. */
  readonly files: readonly string[];
}

/** Leads out of the machine. */
export const resultDevice = "/dev/vport0p1";
