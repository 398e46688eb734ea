import * as z from "zod/mini";

/** What can be mounted beside the sandbox's own, the same in a spec and in sandbox.json but for how they write paths. */

type Path = z.ZodMiniType<string, string>;

/** File systems that the kernel makes of the sandbox's own namespaces. */
export const kernelFileSystems = ["sysfs", "mqueue", "cgroup", "proc", "devpts"] as const;
export type KernelFileSystem = (typeof kernelFileSystems)[number];

export const bindMount = <S extends Path, T extends Path>(source: S, target: T) =>
  z.strictObject({
    type: z.literal("bind"),
    source,
    target,
    readOnly: z._default(z.boolean(), false),
    /** With what is mounted below the source. */
    recursive: z._default(z.boolean(), true),
  });

export const kernelMount = <T extends Path>(target: T) =>
  z.strictObject({ type: z.enum(kernelFileSystems), target });

/** Without set-uid and set-gid: those bits mean nothing on a directory that is mounted nosuid. */
export const tmpfsMode = z._default(
  z
    .string()
    .check(z.regex(/^[01]?[0-7]{3}$/, "must be an octal mode, as 755 or 1777, without set-uid")),
  "1777",
);

/** A page at least (tmpfs(5)). */
export const tmpfsSize = { minimum: 4096, maximum: Number.MAX_SAFE_INTEGER } as const;
