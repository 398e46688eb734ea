import { isFolderToRead, isSame, type Mount, widenings } from "./narrowRules.ts";
import { homeless, overlaid } from "./overlaid.ts";
import type { SandboxSpecInput } from "./schemas.ts";

/**
 * What a folder that is not trusted gets: the user's own spec with what its sandbox.json takes away from it, or, where
 * that asks for more, what it asks for more, a line each.
 */
export type Narrowed = { readonly spec: SandboxSpecInput } | { readonly widens: readonly string[] };

/** `allowed`: what the user's settings say, with the folder where it gets it. */
export function narrow(allowed: SandboxSpecInput, asked: SandboxSpecInput): Narrowed {
  const widens = widenings(allowed, asked);
  if (widens.length > 0) return { widens };
  // What runs is the person's own shell.
  const { args: _args, processes: _processes, mounts, ...taken } = asked;
  const spec = overlaid(allowed, taken);
  return { spec: mounts === undefined ? spec : withMounts(spec, allowed, asked, mounts) };
}

/** The folder where the workspace would be, below whatever the user hides of it; then the user's, then what hides more. */
function withMounts(
  spec: SandboxSpecInput,
  allowed: SandboxSpecInput,
  asked: SandboxSpecInput,
  mounts: readonly Mount[],
): SandboxSpecInput {
  const own = allowed.mounts ?? [];
  const folder = mounts.filter((mount) => isFolderToRead(mount, allowed));
  const hiding = mounts.filter(
    (mount) => mount.type === "tmpfs" && !own.some((one) => isSame(one, mount)),
  );
  const place = asked.workspace === undefined ? homeless(spec) : spec;
  return { ...place, mounts: [...folder.slice(0, 1), ...own, ...hiding] };
}
