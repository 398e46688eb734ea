import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errnoOf } from "../kernel/errors.ts";
import { TerrariumError } from "../protocol/errors.ts";

/** Documentation/networking/ip-sysctl.rst. */
const settings = "/proc/sys/net";

/**
 * Of the host's end, before it is up: it believes no other source than the sandbox's address, answers ARP for its own
 * address only (an unset arp_ignore tells which addresses this host has), takes no redirects, and knows no IPv6.
 */
const guarded: Readonly<Record<string, string>> = {
  "ipv4/conf/DEVICE/rp_filter": "1",
  "ipv4/conf/DEVICE/arp_ignore": "1",
  "ipv4/conf/DEVICE/arp_announce": "2",
  "ipv4/conf/DEVICE/accept_redirects": "0",
  "ipv4/conf/DEVICE/send_redirects": "0",
  "ipv4/conf/DEVICE/accept_source_route": "0",
  "ipv4/conf/DEVICE/route_localnet": "0",
  "ipv6/conf/DEVICE/disable_ipv6": "1",
};

/** Throws networkFailed. */
export function guardDevice(device: string, forwards: boolean): void {
  const all = { ...guarded, "ipv4/conf/DEVICE/forwarding": forwards ? "1" : "0" };
  for (const [name, value] of Object.entries(all)) {
    const file = join(settings, name.replace("DEVICE", device));
    // A kernel without IPv6.
    if (name.startsWith("ipv6") && !existsSync(file)) continue;
    writeSetting(file, value);
  }
}

function writeSetting(file: string, value: string): void {
  try {
    writeFileSync(file, value);
  } catch (error) {
    throw new TerrariumError("networkFailed", { what: `write ${file}`, answer: errnoOf(error) });
  }
}
