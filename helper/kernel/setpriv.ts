import { existsSync } from "node:fs";
import { KernelError } from "./errors.ts";

/** util-linux's setpriv(1), by its place: root runs it. */
const places = ["/usr/bin/setpriv", "/bin/setpriv"];

export interface Credentials {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/**
 * The words before a command that give it these credentials and no capability: none is ambient that is not inheritable
 * (capabilities(7)). Throws where there is no setpriv.
 */
export function setpriv({ uid, gid, groups }: Credentials): readonly string[] {
  const program = places.find(existsSync);
  if (program === undefined) throw new KernelError("execve setpriv", "ENOENT");
  const kept = groups.length > 0 ? ["--groups", groups.join(",")] : ["--clear-groups"];
  const ids = ["--reuid", `${uid}`, "--regid", `${gid}`, ...kept];
  return [program, ...ids, "--inh-caps=-all", "--"];
}
