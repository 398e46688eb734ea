/** A system call that the kernel refused: what was tried, on what, and its answer. */
export class KernelError extends Error {
  readonly call: string;
  readonly path: string | undefined;
  /** Symbolic name: `EPERM`. */
  readonly errno: string;

  constructor(call: string, errno: string, path?: string) {
    super(`${call}${path === undefined ? "" : ` ${path}`}: ${errno}`);
    this.name = "KernelError";
    this.call = call;
    this.path = path;
    this.errno = errno;
  }
}

/** The errno name that an error of node:fs or of this folder carries; `EUNKNOWN` for any other error. */
export function errnoOf(error: unknown): string {
  if (error instanceof KernelError) return error.errno;
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return "EUNKNOWN";
}

/**
 * What procfs and kernfs answer for something that ended while it was read: ENOENT when it is opened,
 * ESRCH (process) or ENODEV (cgroup) when it is read through a descriptor opened before.
 */
const goneErrnos: ReadonlySet<string> = new Set(["ENOENT", "ESRCH", "ENODEV"]);

export function isGone(error: unknown): boolean {
  return goneErrnos.has(errnoOf(error));
}

const deniedErrnos: ReadonlySet<string> = new Set(["EACCES", "EPERM"]);

export function isDenied(error: unknown): boolean {
  return deniedErrnos.has(errnoOf(error));
}
