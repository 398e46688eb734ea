import { z } from "zod";
import { type LimitFact, type Limits, limitFacts, limitsFromCpus, parseBytes } from "./limits.ts";
import { sandboxSpec } from "./schemas.ts";

/**
 * sandbox.json: the spec of a sandbox as a person writes it. It is the spec's own schema, but for two
 * things: a path may be relative to the file's folder or begin with ${workspaceFolder}, and limits have
 * Docker's words and suffixes.
 */

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the file says, as in VS Code's own settings
export const folderVariable = "${workspaceFolder}";

const hostPath = z
  .string()
  .max(4095)
  .regex(
    /^(\/|\.{1,2}(\/|$)|\$\{workspaceFolder\})/,
    `must be absolute, begin with ./ or ../, or with ${folderVariable}`,
  );

const insidePath = z
  .string()
  .max(4095)
  .regex(
    /^(\/|\$\{workspaceFolder\})/,
    `must be an absolute path, or begin with ${folderVariable}`,
  );

const count = ({ minimum, maximum }: LimitFact) => z.int().min(minimum).max(maximum).optional();

const size = ({ minimum, maximum }: LimitFact) => {
  const words = `must be bytes, or a number with k, m or g, from ${minimum} bytes up`;
  return z
    .union([z.int(), z.string().regex(/^\d+(\.\d+)?[bkmgtBKMGT]?$/, words)], words)
    .refine((value) => {
      const bytes = toBytes(value);
      return bytes !== undefined && bytes >= minimum && bytes <= maximum;
    }, words)
    .optional();
};

const limitWords = z
  .strictObject({
    cpus: z.number().min(0.01).max(10_000).optional(),
    cpuPeriod: count(limitFacts.cpuPeriodUs),
    cpuQuota: count(limitFacts.cpuQuotaUs),
    memory: size(limitFacts.memoryBytes),
    pids: count(limitFacts.pidsMax),
  })
  .refine(
    ({ cpus, cpuPeriod, cpuQuota }) =>
      cpus === undefined || (cpuPeriod === undefined && cpuQuota === undefined),
    "cpus cannot stand beside cpuPeriod or cpuQuota: they set the same limit",
  );

export type LimitWords = z.output<typeof limitWords>;

export const sandboxFile = sandboxSpec.extend({
  $schema: z.string().optional(),
  rootfs: z
    .discriminatedUnion("type", [
      z.strictObject({ type: z.literal("host") }),
      z.strictObject({ type: z.literal("directory"), path: hostPath }),
    ])
    .optional(),
  workspace: hostPath.optional(),
  workdir: insidePath.optional(),
  mounts: z
    .array(
      z.strictObject({
        type: z.literal("bind"),
        source: hostPath,
        target: insidePath,
        readOnly: z.boolean().optional(),
      }),
    )
    .max(256)
    .optional(),
  limits: limitWords.optional(),
});

export type SandboxFile = z.output<typeof sandboxFile>;

/** The words of the file in the units of a spec; what is not limited is absent. */
export function limitsFromWords({ cpus, cpuPeriod, cpuQuota, memory, pids }: LimitWords): Limits {
  return {
    ...(cpus === undefined ? {} : limitsFromCpus(cpus)),
    ...(cpuPeriod === undefined ? {} : { cpuPeriodUs: cpuPeriod }),
    ...(cpuQuota === undefined ? {} : { cpuQuotaUs: cpuQuota }),
    ...(memory === undefined ? {} : { memoryBytes: toBytes(memory) }),
    ...(pids === undefined ? {} : { pidsMax: pids }),
  };
}

function toBytes(size: number | string): number | undefined {
  return typeof size === "number" ? size : parseBytes(size);
}
