import type { Subscription, Timeline, Wanted } from "../events/timeline.ts";
import type { Happening, TimelineEvent } from "../protocol/events.ts";
import type { SandboxHost } from "../sandboxes/host.ts";

/** The one time line of a helper: loaded and made when it is first asked for. */
export type Events = () => Promise<Timeline>;

export function shareEvents(host: SandboxHost): Events {
  let timeline: Promise<Timeline> | undefined;
  return () => {
    timeline ??= import("../events/timeline.ts").then((module) => new module.Timeline(host));
    return timeline;
  };
}

/** What one connection hears of the time line, and adds to it. */
export interface EventWatch {
  /** Answers which of the targets are not there. */
  set(wanted: Wanted): Promise<readonly string[]>;
  history(wanted: Wanted, sinceMs: number): Promise<readonly TimelineEvent[]>;
  /** Whom a request changed, and how. */
  record(target: string, happening: Happening): Promise<void>;
  dispose(): void;
}

export function openEventWatch(events: Events, notify: (event: TimelineEvent) => void): EventWatch {
  let subscription: Promise<Subscription> | undefined;
  let isOpen = true;
  const subscribe = async () => {
    const timeline = await events();
    return timeline.subscribe((event) => isOpen && notify(event));
  };
  return {
    set: async (wanted) => {
      subscription ??= subscribe();
      const subscribed = await subscription;
      return isOpen ? subscribed.set(wanted) : [];
    },
    history: async (wanted, sinceMs) => (await events()).history(wanted, sinceMs),
    record: async (target, happening) => (await events()).record(target, happening),
    dispose: () => {
      isOpen = false;
      void subscription?.then((subscribed) => subscribed.dispose());
    },
  };
}
