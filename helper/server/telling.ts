/** Tells a client of a subject, if it has taken what it was told of that one before. */
export type Telling = (subject: string, tell: () => Promise<void>) => void;

/**
 * For what happens without being asked for, and which nobody waits for: a client that reads nothing (an editor that was
 * stopped, a network that hangs) would have it pile up here. It misses what comes beyond `mostUntaken`.
 */
export function openTelling(mostUntaken: number): Telling {
  const untaken = new Map<string, number>();
  return (subject, tell) => {
    const before = untaken.get(subject) ?? 0;
    if (before >= mostUntaken) return;
    untaken.set(subject, before + 1);
    const taken = () => {
      const left = (untaken.get(subject) ?? 0) - 1;
      if (left > 0) untaken.set(subject, left);
      else untaken.delete(subject);
    };
    tell().then(taken, taken);
  };
}
