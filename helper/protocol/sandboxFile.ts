import * as z from "zod/mini";
import { parseBytes } from "./bytes.ts";
import { type LimitFact, type Limits, limitFacts, limitNames, limitsFromCpus } from "./limits.ts";
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

const count = ({ minimum, maximum }: LimitFact) =>
  z.optional(z.int().check(z.minimum(minimum), z.maximum(maximum)));

const size = ({ minimum, maximum }: Pick<LimitFact, "minimum" | "maximum">) => {
  const words = `must be bytes, or a number with k, m or g, from ${minimum} bytes up`;
  const written = z.string().check(z.regex(/^\d+(\.\d+)?[bkmgtBKMGT]?$/, words));
  const isInRange = (value: number | string) => {
    const bytes = toBytes(value);
    return bytes !== undefined && bytes >= minimum && bytes <= maximum;
  };
  return z.optional(z.union([z.int(), written], words).check(z.refine(isInRange, words)));
};

const limitWords = z
  .strictObject({
    cpus: z.optional(z.number().check(z.minimum(0.01), z.maximum(10_000))),
    cpuPeriod: count(limitFacts.cpuPeriodUs),
    cpuQuota: count(limitFacts.cpuQuotaUs),
    memory: size(limitFacts.memoryBytes),
    pids: count(limitFacts.pidsMax),
  })
  .check(
    z.refine(
      ({ cpus, cpuPeriod, cpuQuota }) =>
        cpus === undefined || (cpuPeriod === undefined && cpuQuota === undefined),
      "cpus cannot stand beside cpuPeriod or cpuQuota: they set the same limit",
    ),
  );

export type LimitWords = z.output<typeof limitWords>;

export const sandboxFile = z.extend(sandboxSpec, {
  $schema: z.optional(z.string()),
  rootfs: z.optional(rootfs(hostPath)),
  workspace: z.optional(hostPath),
  workdir: z.optional(insidePath),
  mounts: z.optional(
    z.array(mount(hostPath, insidePath, { size: size(tmpfsSize) })).check(z.maxLength(256)),
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

/** The words of the file in the units of a spec; what is not limited is absent. */
export function limitsFromWords({ cpus, ...words }: LimitWords): Limits {
  const named = limitNames.flatMap((name) => {
    const word = words[limitFacts[name].key];
    return word === undefined ? [] : [[name, toBytes(word)] as const];
  });
  return { ...(cpus === undefined ? {} : limitsFromCpus(cpus)), ...Object.fromEntries(named) };
}

function toBytes(size: number | string): number | undefined {
  return typeof size === "number" ? size : parseBytes(size);
}
