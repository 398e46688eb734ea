import { execFileSync } from "node:child_process";
import * as z from "zod/mini";
import { TerrariumError } from "../protocol/errors.ts";
import { toolPath } from "./tools.ts";

/**
 * A /30 of its own for each sandbox that has a link: the host's end has the first address, the sandbox the second.
 * Written as its network address.
 */

/** Private (RFC 1918), and none that Docker, libvirt, LXC or home routers begin with. */
const pools = ["10.213.0.0/16", "172.29.0.0/16", "192.168.213.0/24"].map(parsePrefix);
const size = 4;

export interface Prefix {
  readonly first: number;
  readonly last: number;
}

/** The same as before where it is still free; else the first that is. Throws networkFailed. */
export function chooseSubnet(
  inUse: ReadonlySet<string>,
  routed: readonly Prefix[],
  before?: string,
): string {
  const isFree = (subnet: string) => {
    const { first, last } = parsePrefix(`${subnet}/30`);
    return !inUse.has(subnet) && !routed.some((one) => one.first <= last && first <= one.last);
  };
  if (before !== undefined && isFree(before)) return before;
  for (const pool of pools) {
    for (let first = pool.first; first < pool.last; first += size) {
      const subnet = formatAddress(first);
      if (isFree(subnet)) return subnet;
    }
  }
  throw new TerrariumError("networkFailed", {
    what: "find a free network of four addresses",
    answer: "this host has routes for all of 10.213.0.0/16, 172.29.0.0/16 and 192.168.213.0/24",
  });
}

export interface Ends {
  readonly host: string;
  readonly sandbox: string;
}

export function endsOf(subnet: string): Ends {
  const { first } = parsePrefix(`${subnet}/30`);
  return { host: formatAddress(first + 1), sandbox: formatAddress(first + 2) };
}

const route = z.object({ dst: z.string(), dev: z.optional(z.string()) });
export type Route = z.output<typeof route>;

/** Of every table: what a VPN routes is taken, too. ip(8) is asked because no file of /proc has them all. */
export function readRoutes(): readonly Route[] {
  const args = ["-4", "-json", "route", "show", "table", "all"];
  const text = execFileSync(toolPath("ip"), args, { encoding: "utf8", env: { LC_ALL: "C" } });
  return z.array(route).parse(JSON.parse(text || "[]"));
}

/** What is routed somewhere in particular. */
export function routedPrefixes(routes: readonly Route[]): readonly Prefix[] {
  return routes.filter(({ dst }) => /^[\d./]+$/.test(dst) && dst !== "0.0.0.0/0").map(ofRoute);
}

function ofRoute({ dst }: Route): Prefix {
  return parsePrefix(dst.includes("/") ? dst : `${dst}/32`);
}

/** `10.0.0.0/8`, `127.0.0.1`; missing parts are 0. */
export function parsePrefix(text: string): Prefix {
  const [address = "", length = "32"] = text.split("/");
  const parts = address.split(".").map(Number);
  const number = [0, 1, 2, 3].reduce((sum, place) => sum * 256 + (parts[place] ?? 0), 0);
  return { first: number, last: number + 2 ** (32 - Number(length)) - 1 };
}

function formatAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}
