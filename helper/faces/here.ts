import { EventEmitter } from "node:events";
import type { HelperConnection } from "../protocol/methods.ts";
import { asSent } from "../protocol/sent.ts";
import { openSandboxHost } from "../sandboxes/host.ts";
import { openServed, openSession } from "../server/session.ts";

/**
 * No daemon is needed: the client and the helper are this one process. A request passes the same schema and
 * the same handler as one that came by a stream, as the words that would have travelled.
 */
export function connectHere(): HelperConnection {
  const notifications = new EventEmitter();
  const session = openSession(openServed(openSandboxHost()), async (name, parameters) => {
    notifications.emit(name, parameters);
  });
  return {
    request: async (method, parameters) => session.answer(method, JSON.parse(asSent(parameters))),
    onNotification: (name, listener) => {
      notifications.removeAllListeners(name).on(name, listener);
    },
    // It ends with this process.
    onClose: () => undefined,
    dispose: () => session.dispose(),
  };
}
