import * as z from "zod/mini";
import { sandboxSpec } from "../protocol/schemas.ts";
import { sandboxIdentity } from "./identity/identity.ts";

/** A process that cannot be mistaken for a later one with the same pid: start time is field 22 of /proc/PID/stat. */
export const processIdentity = z.object({ pid: z.int(), startTimeTicks: z.int() });

const idPattern = /^[0-9a-f]{12}$/;

export function isSandboxId(name: string): boolean {
  return idPattern.test(name);
}

/** What the registry keeps of one sandbox, in `record.json` of its directory. */
export const sandboxRecord = z.object({
  format: z.literal(1),
  id: z.string().check(z.regex(idPattern)),
  name: z.string(),
  hostname: z.string(),
  command: z.array(z.string()),
  spec: sandboxSpec,
  owner: z.int(),
  createdAtMs: z.number(),
  /** Leave the record behind with the exit status when the sandbox has ended. */
  keep: z.boolean(),
  tty: z.boolean(),
  /** The first of the 65,536 host ids that this sandbox uses, when it uses a range of its own. */
  idRangeBase: z.optional(z.int()),
  identity: sandboxIdentity,
  /** The first of the four addresses of its link, when it has one. */
  subnet: z.optional(z.string()),
  /** The files of its tarball. */
  image: z.optional(z.string()),
  cgroups: z._default(z.array(z.object({ hierarchyId: z.string(), directory: z.string() })), []),
  /** Its record outlives every ending, so that it can be started again, until somebody removes it. */
  lasting: z._default(z.boolean(), false),
  /** The helper that is making it; a record whose creator died before `init` is known is half made. */
  creator: z.optional(processIdentity),
  monitor: z.optional(processIdentity),
  init: z.optional(processIdentity),
  /** Inode numbers by namespace type, from the launcher: the kernel shows init's to root only. */
  namespaces: z._default(z.record(z.string(), z.number()), {}),
});

export type ProcessIdentity = z.output<typeof processIdentity>;
export type SandboxRecord = z.output<typeof sandboxRecord>;

/** Written by the launcher's monitor when a kept sandbox ends. */
export const exitRecord = z.object({
  code: z.int(),
  signal: z.nullable(z.string()),
  /** Of its processes, by the kernel, over all its life. */
  oomKills: z.optional(z.int()),
});
export type ExitRecord = z.output<typeof exitRecord>;

/** The end was the kernel's doing: of the command, or of what a shell waited for (which then says 128 + 9). */
export function endedByOom({ code, signal, oomKills = 0 }: ExitRecord): boolean {
  return oomKills > 0 && (signal === "SIGKILL" || code === exitCodeOfKilled);
}

const exitCodeOfKilled = 128 + 9;
