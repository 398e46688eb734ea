import { TerrariumError } from "./errors.ts";
import { requestCapBytes } from "./methods.ts";

/** What JSON-RPC itself adds: version, id, method. */
const envelopeBytes = 256;

/**
 * Parameters as they travel, and so as every helper gets them. Throws invalidRequest where they are too
 * long: said by the client, because the helper answers it by ending the connection.
 */
export function asSent(parameters: unknown): string {
  const text = JSON.stringify(parameters);
  const length = utf8Length(text) + envelopeBytes;
  if (length <= requestCapBytes) return text;
  throw new TerrariumError("invalidRequest", {
    reason: `Command, variables and mounts together are too long: ${length} bytes of the ${requestCapBytes} that one request may have.`,
  });
}

/** JSON escapes lone surrogates, which encodeURIComponent would refuse. */
function utf8Length(json: string): number {
  return encodeURIComponent(json).replaceAll(/%../g, "-").length;
}
