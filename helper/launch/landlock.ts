import type { SandboxSpec } from "../protocol/schemas.ts";

/** The launcher's options, for `run` and `enter`: who enters is in no Landlock domain but its own. */
export function landlockOptions(landlock: SandboxSpec["landlock"]): readonly string[] {
  const { readOnly, readWrite, scopes = [] } = landlock ?? {};
  return [
    // An empty list means that nothing is allowed.
    ...(readOnly || readWrite ? ["--landlock"] : []),
    ...(readOnly ?? []).flatMap((path) => ["--landlock-ro", path]),
    ...(readWrite ?? []).flatMap((path) => ["--landlock-rw", path]),
    ...scopes.flatMap((scope) => ["--scope", scope]),
  ];
}
