import * as z from "zod/mini";
import { limitWords, size, toBytes } from "./limitWords.ts";
import { mount, rootfs, tmpfsSize } from "./mounts.ts";
import { landlock } from "./privileges.ts";
import { type SandboxSpecInput, sandboxSpec } from "./schemas.ts";

/**
 * sandbox.json: the spec of a sandbox as a person writes it. It is the spec's own schema, but for two
 * things: a path may be relative to the file's folder or begin with ${workspaceFolder}, and limits have
 * Docker's words and suffixes.
 */

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the file says, as in VS Code's own settings
export const folderVariable = "${workspaceFolder}";

const hostPath = z
  .string()
  .check(
    z.maxLength(4095),
    z.regex(
      /^(\/|\.{1,2}(\/|$)|\$\{workspaceFolder\})/,
      `must be absolute, begin with ./ or ../, or with ${folderVariable}`,
    ),
  );

const insidePath = z
  .string()
  .check(
    z.maxLength(4095),
    z.regex(
      /^(\/|\$\{workspaceFolder\})/,
      `must be an absolute path, or begin with ${folderVariable}`,
    ),
  );

export const sandboxFile = z.extend(sandboxSpec, {
  $schema: z.optional(z.string()),
  rootfs: z.optional(rootfs(hostPath)),
  workspace: z.optional(hostPath),
  workdir: z.optional(insidePath),
  mounts: z.optional(
    z
      .array(mount(hostPath, insidePath, { size: z.optional(size(tmpfsSize)) }))
      .check(z.maxLength(256)),
  ),
  limits: z.optional(limitWords),
  landlock: z.optional(landlock(insidePath)),
});

export type SandboxFile = z.output<typeof sandboxFile>;
export type SandboxFileInput = z.input<typeof sandboxFile>;

type FileMount = NonNullable<SandboxFile["mounts"]>[number];

/** A mount of the file in the units of a spec; `resolve` makes a host's path absolute. */
export function mountFromWords(
  mount: FileMount,
  resolve: (path: string) => string,
): NonNullable<SandboxSpecInput["mounts"]>[number] {
  if (mount.type === "bind") return { ...mount, source: resolve(mount.source) };
  if (mount.type !== "tmpfs") return mount;
  const { size, ...rest } = mount;
  return size === undefined ? rest : { ...rest, sizeBytes: toBytes(size) };
}
