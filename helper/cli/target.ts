import type { ParsedArguments } from "./options.ts";
import { UsageError } from "./usage.ts";

/** The one SANDBOX or PID that a command is about. */
export function onlyTarget(
  { positionals }: ParsedArguments,
  what: string,
  hint = commandHint,
): string {
  const [target, extra] = positionals;
  if (!target) throw new UsageError(`no ${what} was named`, `"terrarium ps" lists the sandboxes.`);
  if (extra !== undefined) throw oneWordTooMany(extra, hint);
  return target;
}

/** For a command that is about the whole machine: a word that it ignored would look like a filter. */
export function noTarget(
  { positionals, command }: ParsedArguments,
  hint = "This command takes options only.",
): void {
  const [extra] = [...positionals, ...(command ?? [])];
  if (extra !== undefined) throw oneWordTooMany(extra, hint);
}

const commandHint = "A command follows two hyphens: -- COMMAND.";

function oneWordTooMany(word: string, hint: string): UsageError {
  return new UsageError(`"${word}" is one word too many`, hint);
}

/** One or several sandboxes. */
export function targets({ positionals }: ParsedArguments): readonly string[] {
  if (positionals.length > 0) return positionals;
  throw new UsageError("no sandbox was named", '"terrarium ps" lists them.');
}

/** Process ids have seven digits at most (pid_max, proc_sys_kernel(5)); a sandbox's id has twelve characters. */
export function asPid(target: string): number | undefined {
  return /^[1-9]\d{0,6}$/.test(target) ? Number(target) : undefined;
}
