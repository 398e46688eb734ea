import type { InventoryPart } from "../../protocol/inventoryParts.ts";
import type { Notify } from "../session.ts";

/**
 * Two tell one client of changes, root and its agent, and a large change comes in parts: a client takes whatever change
 * comes between them for one more. So who has begun one ends it before the other begins. Each call makes one teller.
 */
export function openTellers(notify: Notify): () => Notify {
  let lastChange: Promise<unknown> = Promise.resolve();
  return () => {
    let last: Promise<unknown> = Promise.resolve();
    let end: (() => void) | undefined;
    const change = async (part: InventoryPart): Promise<void> => {
      if (!end) {
        const before = lastChange;
        lastChange = new Promise<void>((resolve) => {
          end = resolve;
        });
        await before;
      }
      try {
        await notify("inventory/didChange", part);
      } finally {
        if (!part.isPart) {
          end?.();
          end = undefined;
        }
      }
    };
    return (name, told) => {
      if (name !== "inventory/didChange") return notify(name, told);
      const sent = last.then(() => change(told as InventoryPart));
      last = sent.catch(() => undefined);
      return sent;
    };
  };
}
