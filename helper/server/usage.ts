import type { UsageRound } from "../protocol/usage.ts";
import { findCgroupTarget } from "../sandboxes/cgroupTarget.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import type { UsageFeed } from "../usage/feed.ts";

/** The usage that one connection asks for; loaded when it does for the first time. */
export interface UsageSession {
  readonly get: () => Promise<UsageFeed>;
  dispose(): void;
}

export function openUsage(host: SandboxHost, notify: (round: UsageRound) => void): UsageSession {
  let feed: Promise<UsageFeed> | undefined;
  let ended = false;
  const load = async () => {
    const { UsageFeed } = await import("../usage/feed.ts");
    const loaded = new UsageFeed((target) => findCgroupTarget(host, target), notify);
    if (ended) loaded.dispose();
    return loaded;
  };
  return {
    get: () => {
      feed ??= load();
      return feed;
    },
    dispose: () => {
      ended = true;
      void feed?.then((loaded) => loaded.dispose());
    },
  };
}
