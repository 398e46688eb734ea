import { closeSync } from "node:fs";
import { placedLink, splitLimits } from "../limits/link.ts";
import { writeLimits } from "../limits/write.ts";
import { deviceOf, innerDevice } from "../network/device.ts";
import { makeLink } from "../network/link.ts";
import { chooseSubnet, endsOf, readRoutes, routedPrefixes } from "../network/subnet.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { hasLink, type LinkFact } from "../protocol/sharing.ts";
import { openJoined } from "./joined.ts";
import type { SandboxRecord } from "./record.ts";

/** The addresses of a sandbox's link; undefined where it has none. Those of the last time, if they are free. */
export function subnetOf(
  { id, spec, subnet }: Pick<SandboxRecord, "id" | "spec" | "subnet">,
  others: readonly SandboxRecord[],
): string | undefined {
  if (!hasLink(spec)) return undefined;
  const inUse = new Set(others.flatMap(({ subnet }) => subnet ?? []));
  // The kernel takes its time with a link that ended.
  const routes = readRoutes().filter(({ dev }) => dev !== deviceOf(id));
  return chooseSubnet(inUse, routedPrefixes(routes), subnet);
}

export function linkOf({ id, subnet, spec: { network } }: SandboxRecord): LinkFact | undefined {
  if (subnet === undefined || !network) return undefined;
  const { host, sandbox } = endsOf(subnet);
  return {
    mode: network.mode,
    host: { device: deviceOf(id), address: host },
    sandbox: { device: innerDevice, address: sandbox },
  };
}

/** Before the commit: its command begins with the network. */
export async function linkNetwork(record: SandboxRecord): Promise<void> {
  const { id, subnet, init, namespaces, spec } = record;
  if (subnet === undefined || !spec.network) return;
  const inode = namespaces["net"];
  if (!init || inode === undefined) {
    throw new TerrariumError("namespaceGone", { type: "net", target: record.name });
  }
  const path = `/proc/${init.pid}/ns/net`;
  const namespace = openJoined({ type: "net", target: record.name, path, inode });
  try {
    await makeLink({ id, subnet, mode: spec.network.mode }, namespace);
    writeLimits([placedLink(deviceOf(id))], splitLimits(spec.limits).ofLink);
  } finally {
    closeSync(namespace);
  }
}
