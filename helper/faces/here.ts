import type { HelperClient } from "../protocol/methods.ts";
import { asSent } from "../protocol/sent.ts";
import { openSandboxHost } from "../sandboxes/host.ts";
import { answer } from "../server/answer.ts";
import { noAudit } from "../server/audit.ts";
import type { Session } from "../server/methods.ts";
import { openUsage } from "../server/usage.ts";

/**
 * No daemon is needed: the client and the helper are this one process. A request passes the same schema and
 * the same handler as one that came by a stream, as the words that would have travelled.
 */
export function connectHere(): HelperClient {
  const host = openSandboxHost();
  const usage = openUsage(host, () => undefined);
  const session: Session = { host, watch: noWatch, usage: usage.get };
  return {
    request: async (method, parameters) =>
      answer(session, { uid: host.asker.uid }, method, JSON.parse(asSent(parameters)), noAudit),
    dispose: () => usage.dispose(),
  };
}

/** A client in the same process asks; it has no ear for what a helper says first. */
const noWatch = { set: () => undefined, dispose: () => undefined };
