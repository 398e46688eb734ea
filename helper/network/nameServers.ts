import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { TerrariumError } from "../protocol/errors.ts";

/** systemd-resolved's list of those that it asks; /etc/resolv.conf names its stub on loopback instead. */
const files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"] as const;

/**
 * The host's name servers that a sandbox reaches by nat: none of the host's own addresses, and no IPv6, which it has
 * not. Throws networkFailed where there is none.
 */
export function readNameServers(): readonly string[] {
  const own = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const addresses = new Set(own.map(({ address }) => address));
  for (const file of files) {
    const found = usableNameServers(readText(file), addresses);
    if (found.length > 0) return found;
  }
  throw new TerrariumError("networkFailed", {
    what: `find a name server in ${files[0]}`,
    answer:
      "those of this host serve itself alone, which a sandbox does not reach: name another with --dns ADDRESS",
  });
}

/** resolv.conf(5). Exported for its test. */
export function usableNameServers(text: string, own: ReadonlySet<string>): readonly string[] {
  const named = text.split("\n").flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  return named.filter(
    (address) =>
      /^\d+\.\d+\.\d+\.\d+$/.test(address) && !address.startsWith("127.") && !own.has(address),
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
