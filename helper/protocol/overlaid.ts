import type { SandboxSpecInput } from "./schemas.ts";

/** One spec over another, as a file's over the settings': parts that have names of their own are taken one by one. */
export function overlaid(below: SandboxSpecInput, file: SandboxSpecInput): SandboxSpecInput {
  const above = saidIn(file);
  const spec = { ...below, ...above };
  return {
    // Whoever lists the mounts says all of them: an empty list means none.
    ...(above.mounts !== undefined && above.workspace === undefined ? homeless(spec) : spec),
    ...(above.namespaces !== undefined && {
      namespaces: { ...below.namespaces, ...above.namespaces },
    }),
    ...(above.limits !== undefined && { limits: { ...below.limits, ...above.limits } }),
    ...(above.ulimits !== undefined && { ulimits: { ...below.ulimits, ...above.ulimits } }),
    ...(above.env !== undefined && { env: { ...below.env, ...above.env } }),
    ...(above.capabilities !== undefined && { capabilities: capabilities(below, above) }),
  };
}

/** A key without a value says nothing, and takes nothing away. */
function saidIn(spec: SandboxSpecInput): SandboxSpecInput {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
}

/** The same without a place of its own for the folder. */
export function homeless({ workspace: _workspace, ...rest }: SandboxSpecInput): SandboxSpecInput {
  return rest;
}

/** What one of them drops stays dropped. */
function capabilities(below: SandboxSpecInput, above: SandboxSpecInput) {
  const drop = [...(below.capabilities?.drop ?? []), ...(above.capabilities?.drop ?? [])];
  return { ...below.capabilities, ...above.capabilities, drop: [...new Set(drop)] };
}
