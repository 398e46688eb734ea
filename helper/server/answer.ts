import { errnoOf, KernelError } from "../kernel/errors.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { MethodName, Results } from "../protocol/methods.ts";
import { type ParameterOutput, parameterSchemas } from "../protocol/schemas.ts";
import { type Details, methods, type Session } from "./methods.ts";

/**
 * One request, whichever way it came: schema, handler, audit. Rejects with one of the protocol's errors,
 * never with a stack or a path of ours.
 */
export async function answer<M extends MethodName>(
  session: Session,
  name: M,
  parameters: unknown,
): Promise<Results[M]> {
  const method = methods[name];
  const { who, grant, host } = session;
  const decided = grant && { decision: grant.decision, target: grant.what };
  const note = (outcome: string, details?: Details) =>
    method.changes && host.audit({ ...who, method: name, ...decided, outcome, ...details });
  try {
    const parsed = parse(name, parameters);
    const result = await method.handle(session, parsed);
    note("done", method.details?.(parsed, result));
    return result;
  } catch (error) {
    const known = toKnownError(error);
    note(known.code);
    throw known;
  }
}

/** Throws invalidRequest. */
export function parse<M extends MethodName>(name: M, parameters: unknown): ParameterOutput<M> {
  const parsed = parameterSchemas[name].safeParse(parameters ?? {});
  // The compiler sees a union of all rows' outputs; that row M's schema yields row M's is what a table means.
  if (parsed.success) return parsed.data as ParameterOutput<M>;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join(".");
  // What is wrong with a key stands one level below.
  const why = issue?.code === "invalid_key" ? issue.issues[0]?.message : issue?.message;
  throw new TerrariumError("invalidRequest", {
    reason: `${where ? `${where}: ` : ""}${why ?? "malformed request"}.`,
  });
}

/** Whatever it was, in words that name no file of ours. */
export function toKnownError(error: unknown): TerrariumError {
  if (error instanceof TerrariumError) return error;
  return new TerrariumError("helperFailed", { reason: describeUnknown(error) });
}

/** The call and what the kernel answered; messages of node:fs would name our files. */
function describeUnknown(error: unknown): string {
  if (error instanceof KernelError) return `${error.call}: ${error.errno}`;
  const errno = errnoOf(error);
  if (errno === "EUNKNOWN") return error instanceof Error ? error.message : String(error);
  const { syscall } = error as NodeJS.ErrnoException;
  return syscall === undefined ? errno : `${syscall}: ${errno}`;
}
