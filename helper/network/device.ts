/** The name of the host's end of a sandbox's link, and of its table of nftables. IFNAMSIZ leaves 15 characters. */
export function deviceOf(id: string): string {
  return `tr-${id}`;
}

/** Inside, as in every container. */
export const innerDevice = "eth0";
