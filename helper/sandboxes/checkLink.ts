import { TerrariumError } from "../protocol/errors.ts";
import type { SandboxSpec } from "../protocol/schemas.ts";
import { hasLink } from "../protocol/sharing.ts";
import type { Asker } from "./identity/identity.ts";

/** Refuses a network link that this asker cannot have, and what is said of one where there is none. */
export function checkLink(spec: SandboxSpec, { uid }: Asker): void {
  const { dns, limits, network } = spec;
  if (hasLink(spec) && uid !== 0) {
    throw refused(
      "network.mode veth and nat need a helper that runs as root, for the link's other end is the host's. For an ordinary user pasta(1) and slirp4netns(1) carry packets by a program; here there is network.mode host.",
    );
  }
  if (dns !== undefined && network?.mode !== "nat") {
    throw refused("dns is for network.mode nat: leave it out, or choose that mode.");
  }
  if ((limits.netRateUp ?? limits.netRateDown) !== undefined && !hasLink(spec)) {
    throw refused(
      "netRateUp and netRateDown bound a network link of the sandbox's own: choose network.mode veth or nat, or leave them out.",
    );
  }
}

function refused(reason: string): TerrariumError {
  return new TerrariumError("invalidRequest", { reason });
}
