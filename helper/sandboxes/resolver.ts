import { lstatSync, readlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { readNameServers } from "../network/nameServers.ts";
import type { SandboxSpec } from "../protocol/schemas.ts";

/** A file's text, and where it is mounted. */
export interface OwnResolver {
  readonly source: string;
  readonly target: string;
}

const place = "/etc/resolv.conf";

/**
 * /etc/resolv.conf of a sandbox with a way out of its own: the host's may name what only the host reaches. Throws
 * networkFailed where no name server is named and none of the host's can be reached.
 */
export function ownResolver({ network, dns, rootfs }: SandboxSpec): OwnResolver | undefined {
  if (network?.mode !== "nat") return undefined;
  const target = rootfs.type === "host" ? behindLink(place) : place;
  if (target === undefined) return undefined;
  const lines = (dns ?? readNameServers()).map((address) => `nameserver ${address}\n`);
  return { source: lines.join(""), target };
}

/** Undefined where the host has none: nothing can be made in its /etc. */
function behindLink(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink()) return resolve(dirname(path), readlinkSync(path));
  return found && path;
}
