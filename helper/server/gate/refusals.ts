import { parseProcessTarget } from "../../inspect/sameProcess.ts";
import { type ErrorCode, TerrariumError } from "../../protocol/errors.ts";
import { printable } from "../../protocol/printable.ts";

/** Of what one of two answerers said, whether the other is to be asked. */

const denied: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS"]);

/**
 * A limit may be unavailable because its file is root's alone (version 1), or for any other reason, which root says too.
 * A container may be one that only root sees.
 */
const deniedToAgent: ReadonlySet<ErrorCode> = new Set([
  "needsPrivilege",
  "processDenied",
  "limitUnavailable",
  "noSuchContainer",
]);

/** The kernel, which knows what is whose, did not let the asker's own process do it. */
export function isDeniedToAgent(error: unknown): boolean {
  if (!TerrariumError.is(error)) return false;
  const { errno } = Object(error.args) as { readonly errno?: unknown };
  return deniedToAgent.has(error.code) || (typeof errno === "string" && denied.has(errno));
}

/** No sandbox of the asker's; root may have one. */
export function isUnknownToAgent(error: unknown): boolean {
  return TerrariumError.is(error, "noSuchSandbox");
}

/** Root may have one of the same name as the asker's, which is not meant. A cgroup's path, a container's key are no names. */
export function namesSandbox(parameters: unknown): boolean {
  const { target, left, right } = Object(parameters) as Record<string, unknown>;
  return [target, left, right].some(
    (name) => typeof name === "string" && !/^\/|:/.test(name) && !parseProcessTarget(name),
  );
}

const longestTarget = 256;

/** For the audit log: what a request is about, in the client's own words, which are checked nowhere. */
export function targetOf(parameters: unknown): string | undefined {
  const { target, name, pid, spec } = Object(parameters) as Record<string, unknown>;
  const said = target ?? pid ?? name ?? Object(spec).name;
  return said === undefined ? undefined : printable(String(said), longestTarget);
}
