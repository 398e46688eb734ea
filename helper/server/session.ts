import type { ContainerReader } from "../inventory/tables.ts";
import type { Inventory } from "../inventory/watch/watch.ts";
import type { MethodName, NotificationName, Notifications, Results } from "../protocol/methods.ts";
import { containersFor, containersOf } from "../sandboxes/containers.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import { answer } from "./answer.ts";
import { type Events, openEventWatch, shareEvents } from "./events.ts";
import { accountOf } from "./gate/rates.ts";
import type { Grant, Person, Session } from "./methods.ts";
import { openReverts } from "./reverts.ts";
import { openTelling } from "./telling.ts";
import { openUsage } from "./usage.ts";
import { shareInventory, shareInventoryFor } from "./watch.ts";

/** Who answers the requests of one connection. */
export interface Responder {
  /** Rejects with one of the protocol's errors. `parameters`: as they came, unchecked. */
  answer<M extends MethodName>(name: M, parameters: unknown, grant?: Grant): Promise<Results[M]>;
  dispose(): void | Promise<void>;
}

/** Tells the client; resolves when the stream has taken it. */
export type Notify = <N extends NotificationName>(
  name: N,
  parameters: Notifications[N],
) => Promise<void>;

/** What all clients of one helper share. */
export interface Served {
  readonly host: SandboxHost;
  readonly events: Events;
  readonly inventory: Inventory;
  readonly containers: ContainerReader;
}

export function openServed(host: SandboxHost): Served {
  const containers = containersOf(host);
  return {
    ...{ host, containers },
    events: shareEvents(host),
    inventory: shareInventory(host, containers),
  };
}

/** By accounts, with which they go. */
const forUsers = new WeakMap<object, Pick<Served, "containers" | "inventory">>();

/** What the clients of one user share of root's helper. */
export function openServedFor(uid: number, served: Served): Served {
  const account = accountOf(uid);
  const known = forUsers.get(account) ?? openViews(uid);
  forUsers.set(account, known);
  return { ...served, ...known };
}

function openViews(uid: number): Pick<Served, "containers" | "inventory"> {
  const containers = containersFor(uid);
  return { containers, inventory: shareInventoryFor(containers) };
}

/** Beyond that it has the history. */
const mostUntakenEvents = 1_000;

/** The handlers of this very process, with what one connection watches and tries out. */
export function openSession(
  { host, events, inventory, containers }: Served,
  notify: Notify,
  { person = host.asker, who = host.asker }: { person?: Person; who?: Session["who"] } = {},
): Responder {
  const [tellRound, tellEvent] = [openTelling(1), openTelling(mostUntakenEvents)];
  const usage = openUsage(host, (round) =>
    tellRound(round.watcher, () => notify("usage/didSample", round)),
  );
  const session: Session = {
    host,
    containers,
    person,
    who: who.pid === undefined ? { uid: who.uid } : { uid: who.uid, pid: who.pid },
    events: openEventWatch(events, (event) =>
      tellEvent("", () => notify("events/didHappen", event)),
    ),
    usage: usage.get,
    // Resolves when the stream has taken it: until then what changes is one change more, and no queue of them.
    watch: inventory.watch((change) => notify("inventory/didChange", change)),
    reverts: openReverts(host),
  };
  return {
    answer: (name, parameters, grant) => answer({ ...session, grant }, name, parameters),
    dispose: () => {
      session.watch.dispose();
      session.events.dispose();
      usage.dispose();
      session.reverts.dispose();
    },
  };
}
