import { readFileSync } from "node:fs";
import { errnoOf } from "./errors.ts";

/**
 * The label that a security module gave to a process: `docker-default (enforce)`, an SELinux context. Undefined
 * where no module labels processes: security/security.c answers EINVAL.
 */
export function readLsmLabel(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/attr/current`, "utf8").replace(/[\0\n]+$/, "") || undefined;
  } catch (error) {
    if (errnoOf(error) === "EINVAL") return undefined;
    throw error;
  }
}
