import { EventEmitter } from "node:events";
import type { HelperConnection, NotificationName, Notifications } from "../protocol/methods.ts";
import { asSent } from "../protocol/sent.ts";
import { openSandboxHost } from "../sandboxes/host.ts";
import { answer } from "../server/answer.ts";
import { openEventWatch, shareEvents } from "../server/events.ts";
import type { Session } from "../server/methods.ts";
import { openReverts } from "../server/reverts.ts";
import { openUsage } from "../server/usage.ts";
import { shareInventory } from "../server/watch.ts";

/**
 * No daemon is needed: the client and the helper are this one process. A request passes the same schema and
 * the same handler as one that came by a stream, as the words that would have travelled.
 */
export function connectHere(): HelperConnection {
  const host = openSandboxHost();
  const notifications = new EventEmitter();
  const notify = <N extends NotificationName>(name: N, parameters: Notifications[N]) =>
    void notifications.emit(name, parameters);
  const usage = openUsage(host, (round) => notify("usage/didSample", round));
  const events = openEventWatch(shareEvents(host), (event) => notify("events/didHappen", event));
  const reverts = openReverts(host);
  const watch = shareInventory(host).watch(async (change) => notify("inventory/didChange", change));
  const session: Session = { host, watch, usage: usage.get, events, reverts };
  return {
    request: async (method, parameters) =>
      answer(session, { uid: host.asker.uid }, method, JSON.parse(asSent(parameters))),
    onNotification: (name, listener) => {
      notifications.removeAllListeners(name).on(name, listener);
    },
    // It ends with this process.
    onClose: () => undefined,
    dispose: () => {
      watch.dispose();
      usage.dispose();
      events.dispose();
      reverts.dispose();
    },
  };
}
