/** One line per request that changes something: who, what, how it ended. The target stands in the reply. */
export interface AuditEntry {
  readonly uid: number;
  /** The client's, where there are several. */
  readonly pid?: number | undefined;
  readonly method: string;
  readonly outcome: string;
  /** Who allowed it or did not, where it was not the asker's own. */
  readonly decision?: string | undefined;
  readonly target?: string | undefined;
  /** What was changed, from what to what. */
  readonly changes?: readonly string[] | undefined;
  /** Why it could not be, where nobody waits for an answer. */
  readonly reason?: string | undefined;
}

export type Audit = (entry: AuditEntry) => void;

/** To standard error, which the editor keeps in its log and systemd in the journal. */
export function auditToStderr(entry: AuditEntry): void {
  const line = { time: new Date().toISOString(), ...entry };
  process.stderr.write(`audit ${JSON.stringify(line)}\n`);
}

/** For the command line, whose user sees what happens. */
export function noAudit(): void {}
