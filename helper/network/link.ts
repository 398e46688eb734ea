import { existsSync } from "node:fs";
import type { NetworkMode } from "../protocol/sharing.ts";
import { deviceOf, innerDevice } from "./device.ts";
import { guardDevice } from "./deviceSettings.ts";
import { endsOf } from "./subnet.ts";
import { inheritedNamespace, runTool } from "./tools.ts";
import { findUplinks } from "./uplinks.ts";
import { putUpWalls } from "./walls.ts";

export interface Link {
  readonly id: string;
  readonly subnet: string;
  readonly mode: NetworkMode;
}

/**
 * Gives a new network namespace one end of a pair of devices (veth(4)); `namespace` is an open file of it. The walls
 * stand before the host's end is up. The kernel removes the pair with the namespace; whoever ends the sandbox removes
 * the walls. Throws networkFailed.
 */
export async function makeLink({ id, subnet, mode }: Link, namespace: number): Promise<void> {
  const device = deviceOf(id);
  const ends = endsOf(subnet);
  const uplinks = mode === "nat" ? findUplinks() : [];
  await removeFormer(device);
  const pair = `link add name ${device} type veth peer name ${innerDevice} netns ${inheritedNamespace}`;
  await runTool("ip", pair.split(" "), { namespace });
  await putUpWalls({ id, subnet, mode, uplinks });
  guardDevice(device, mode === "nat");
  await runTool("ip", ["-batch", "-"], {
    script: `link set ${device} addrgenmode none\naddr add ${ends.host}/30 dev ${device}\nlink set ${device} up\n`,
  });
  await runTool("nsenter", [`--net=${inheritedNamespace}`, "ip", "-batch", "-"], {
    script: innerScript(ends.host, ends.sandbox, mode),
    namespace,
  });
}

/** Of a sandbox that is started again at once: the kernel takes its time with a link that ended. */
async function removeFormer(device: string): Promise<void> {
  if (!existsSync(`/proc/sys/net/ipv4/conf/${device}`)) return;
  await runTool("ip", ["link", "delete", device]).catch(() => undefined);
}

/** Without a way out there is no route either, so that a program learns at once what would time out. */
function innerScript(host: string, sandbox: string, mode: NetworkMode): string {
  const lines = [
    `link set ${innerDevice} addrgenmode none`,
    `addr add ${sandbox}/30 dev ${innerDevice}`,
    `link set ${innerDevice} up`,
    ...(mode === "nat" ? [`route add default via ${host}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
