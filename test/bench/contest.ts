/** One line of the table: our figure, a peer's that was measured in turn with it, and the bar between the two. */
export interface Contest {
  readonly work: string;
  readonly peer: string;
  readonly unit: "ms" | "µs" | "MB/s" | "KiB" | "%" | "rows";
  readonly ours: number;
  readonly theirs: number;
  /** What ours / theirs must not exceed; for a speed, what it must reach. Undefined: the row informs only. */
  readonly bar: number | undefined;
}

export function ratioOf({ ours, theirs }: Contest): number {
  return ours / theirs;
}

/** How far a contest is from a bar, as a part of it; not above 0 when it is met. */
export function missedBy(contest: Contest, bar: number): number {
  const excess = ratioOf(contest) / bar - 1;
  return contest.unit === "MB/s" ? -excess : excess;
}

/** The middle one: a machine's pauses make single runs long, never short. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
