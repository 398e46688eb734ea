/** What `terrarium install-helper` does as root, told before it is done. */

export const installActions = ["install", "repair", "uninstall"] as const;
export type InstallAction = (typeof installActions)[number];

export interface InstallStep {
  /** One sentence, for who is asked. */
  readonly words: string;
  run(): void;
}

/** Steps in the order in which they are done; each can be done again. */
export interface InstallPlan {
  readonly title: string;
  /** What is true of the machine, and matters for who decides. */
  readonly notes: readonly string[];
  readonly steps: readonly InstallStep[];
}

export interface Installer {
  /** Looks, and changes nothing. */
  plan(action: InstallAction): InstallPlan;
  /** Does it, as the only one on this machine who does. Needs root. */
  carryOut(plan: InstallPlan, told: (step: InstallStep) => void): void;
}
