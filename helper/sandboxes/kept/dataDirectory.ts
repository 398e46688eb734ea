import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** What outlives sandboxes and boots: /var/lib (FHS 5.8), or $XDG_DATA_HOME. */
export function dataDirectory(): string {
  if (process.geteuid?.() === 0) return "/var/lib/terrarium";
  const given = process.env["XDG_DATA_HOME"];
  const data = given?.startsWith("/") ? given : join(process.env["HOME"] ?? "/", ".local/share");
  return join(data, "terrarium");
}

/** rm(1) and not Node: what is inside may be nested deeper than a path can be long. */
export async function removeTree(directory: string): Promise<void> {
  await promisify(execFile)("/bin/rm", ["-rf", "--one-file-system", "--", directory]);
}
