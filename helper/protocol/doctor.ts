import type { CgroupMode } from "./inventory.ts";

/** What stands between this machine and what Terrarium can do: one finding for each thing that was tried. */

/**
 * `fine`: as it should be. `lacking`: something works less well, or not for everybody. `broken`: sandboxes cannot
 * be made, or cannot be trusted. `unknown`: the kernel did not tell.
 */
export const verdicts = ["broken", "lacking", "fine", "unknown"] as const;
export type Verdict = (typeof verdicts)[number];

/** A shape and a word for each verdict: neither hangs on a colour. */
export const verdictWords: Readonly<
  Record<Verdict, { readonly mark: string; readonly is: string }>
> = {
  broken: { mark: "✗", is: "broken" },
  lacking: { mark: "▲", is: "lacking" },
  fine: { mark: "✓", is: "fine" },
  unknown: { mark: "?", is: "not known" },
};

/** What would mend it. A command is words of Terrarium's own, and never holds what was read from the machine. */
export interface DoctorFix {
  readonly words: string;
  /**
   * Run by the client, as root, in sight of the user, and only after a yes. Where the first word is `terrarium` it is
   * the client itself, which knows where it lies.
   */
  readonly command?: readonly string[] | undefined;
}

export interface DoctorFinding {
  /** The same between two examinations. */
  readonly name: string;
  readonly verdict: Verdict;
  /** What was tried, and what the kernel answered. */
  readonly tried: string;
  readonly answer: string;
  /** What it costs the user. */
  readonly cost?: string | undefined;
  readonly fix?: DoctorFix | undefined;
}

/** Holds no names of users, hosts or files of a user's own: it may be pasted where everybody reads. */
export interface DoctorReport {
  readonly version: string;
  readonly kernel: string;
  readonly architecture: string;
  /** As whom the helper runs. */
  readonly as: "root" | "an ordinary user";
  readonly cgroupMode: CgroupMode;
  readonly findings: readonly DoctorFinding[];
}
