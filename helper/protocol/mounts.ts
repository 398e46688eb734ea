import * as z from "zod/mini";

/** What is mounted, the same in a spec and in sandbox.json but for how these write paths and sizes. */

type Path = z.ZodMiniType<string, string>;

/** File systems that the kernel makes of the sandbox's own namespaces. */
export const kernelFileSystems = ["sysfs", "mqueue", "cgroup", "proc", "devpts"] as const;
export type KernelFileSystem = (typeof kernelFileSystems)[number];

const bindMount = <S extends Path, T extends Path>(source: S, target: T) =>
  z.strictObject({
    type: z.literal("bind"),
    source,
    target,
    readOnly: z._default(z.boolean(), false),
    /** With what is mounted below the source. */
    recursive: z._default(z.boolean(), true),
  });

const kernelMount = <T extends Path>(target: T) =>
  z.strictObject({ type: z.enum(kernelFileSystems), target });

/** Without set-uid and set-gid: those bits mean nothing on a directory that is mounted nosuid. */
const tmpfsMode = z._default(
  z
    .string()
    .check(z.regex(/^[01]?[0-7]{3}$/, "must be an octal mode, as 755 or 1777, without set-uid")),
  "1777",
);

/** A page at least (tmpfs(5)). */
export const tmpfsSize = { minimum: 4096, maximum: Number.MAX_SAFE_INTEGER } as const;

/** `size` is the key that bounds a tmpfs. */
export const mount = <S extends Path, T extends Path, Size extends z.core.$ZodShape>(
  source: S,
  target: T,
  size: Size,
) =>
  z.discriminatedUnion("type", [
    bindMount(source, target),
    z.strictObject({ type: z.literal("tmpfs"), target, ...size, mode: tmpfsMode }),
    kernelMount(target),
  ]);

/** What becomes the root directory. */
export const rootfs = <P extends Path>(path: P) =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("host") }),
    z.strictObject({ type: z.literal("directory"), path }),
    z.strictObject({ type: z.literal("tarball"), path }),
  ]);
