import { findTool, type Tool } from "../network/tools.ts";
import { amiss, type Check, fine, install } from "./check.ts";

const tools: Readonly<Record<"iproute2" | "nftables", readonly Tool[]>> = {
  iproute2: ["ip", "tc"],
  nftables: ["nft"],
};

/** The system's own programs, one check for each package. */
export const networkTools: readonly Check[] = Object.entries(tools).map(([name, needed]) => ({
  name: `networks of sandboxes: ${name}`,
  examine: () => {
    const missing = needed.filter((tool) => findTool(tool) === undefined);
    const tried = `${needed.join(" and ")} in /usr/sbin, /usr/bin, /sbin and /bin`;
    if (missing.length === 0) return fine(tried, `${needed.join(" and ")} found`);
    const cost = "--network nat and veth are refused; other sandboxes are not touched by it.";
    return amiss("lacking", tried, `no ${missing.join(", ")}`, cost, install(name));
  },
}));
