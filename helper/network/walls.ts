import type { NetworkMode } from "../protocol/sharing.ts";
import { deviceOf } from "./device.ts";
import { rateChain } from "./rates.ts";
import { endsOf } from "./subnet.ts";
import { runTool } from "./tools.ts";

export interface Walls {
  readonly id: string;
  readonly subnet: string;
  readonly mode: NetworkMode;
  /** Devices with a default route; only there may bridges and other veths lead. */
  readonly uplinks: readonly string[];
}

/**
 * Where clouds answer for the machine's own secrets: link-local (Amazon, Google, Azure, OpenStack), and the two that
 * are elsewhere (Azure's wire server, Alibaba).
 */
const metadata = ["169.254.0.0/16", "168.63.129.16", "100.100.100.200"];

/**
 * The sandbox's table of nftables, as nft(8) reads it. It stands before every address translation (mangle), so that
 * a port that an engine publishes is the host's own, too. What the host began is answered, whatever the mode.
 */
export function wallsScript(walls: Walls): string {
  const name = deviceOf(walls.id);
  const chains = [
    ["prerouting { type filter hook prerouting priority mangle", prerouting(walls)],
    ["forward { type filter hook forward priority filter", forward(walls)],
    ["postrouting { type nat hook postrouting priority srcnat", postrouting(walls)],
  ] as const;
  const refusing = `chain refused { ${refused.join("; ")}; };`;
  const lines = chains.map(([head, rules]) => `chain ${head}; ${rules.join("; ")}; };`);
  // Added, deleted and added again: one transaction, in which the old rules hold until the new ones do.
  return [
    `table inet ${name} {}`,
    `delete table inet ${name}`,
    `table inet ${name} {`,
    refusing,
    `chain ${rateChain} {}`,
    ...lines,
    "}",
  ]
    .map((line) => `${line}\n`)
    .join("");
}

/** A program learns at once: what is only dropped, it waits for. */
const refused = ["meta l4proto tcp reject with tcp reset", "reject with icmpx admin-prohibited"];
const refuse = "goto refused";

function prerouting({ id, subnet, mode }: Walls): readonly string[] {
  return [
    `iifname != "${deviceOf(id)}" accept`,
    `jump ${rateChain}`,
    "meta nfproto != ipv4 drop",
    `ip saddr != ${endsOf(subnet).sandbox} drop`,
    "ct state established,related accept",
    "ct state invalid drop",
    "fib daddr type local icmp type echo-request accept",
    `fib daddr type != unicast ${refuse}`,
    ...(mode === "nat" ? [`ip daddr { ${metadata.join(", ")} } ${refuse}`] : [refuse]),
  ];
}

/** Nobody comes in. Out to where the default route leads; else to no bridge and no other container. */
function forward({ id, uplinks }: Walls): readonly string[] {
  const device = deviceOf(id);
  return [
    `oifname "${device}" ct state established,related accept`,
    `oifname "${device}" drop`,
    `iifname != "${device}" accept`,
    "ct state established,related accept",
    `oifname "tr-*" ${refuse}`,
    ...uplinks.map((uplink) => `oifname "${uplink}" accept`),
    `meta oifkind { "bridge", "veth" } ${refuse}`,
  ];
}

/**
 * From ports that no service listens on: the kernel keeps the sandbox's port where it may, and gives it then what
 * others send to the host's service of that port (CVE-2021-3773).
 */
function postrouting({ id, subnet, mode }: Walls): readonly string[] {
  if (mode !== "nat") return ["accept"];
  const leaving = `ip saddr ${endsOf(subnet).sandbox} oifname != "${deviceOf(id)}"`;
  return [
    `${leaving} meta l4proto { tcp, udp, udplite, sctp, dccp } masquerade to :32768-60999`,
    `${leaving} masquerade`,
  ];
}

/** In one transaction: the old rules, if there are any, hold until the new ones do. */
export async function putUpWalls(walls: Walls): Promise<void> {
  await runTool("nft", ["-f", "-"], { script: wallsScript(walls) });
}
