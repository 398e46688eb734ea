import type { InventoryPart } from "../../protocol/inventoryParts.ts";
import type { HelperClient, ParameterInput } from "../../protocol/methods.ts";
import type { Responder } from "../session.ts";

/**
 * Who tells of the tables that a client watches: until it may see everything its agent, then root, but for the
 * sandboxes, which are the asker's own.
 */
export interface WatchedTables {
  watch(tables: Tables): Promise<void>;
  /** From then on root tells, and what the client watches already is told anew. */
  showAll(): Promise<void>;
  /** What of an agent's change the client hears; undefined: nothing. */
  heard(part: InventoryPart): InventoryPart | undefined;
}

type Tables = ParameterInput<"inventory/watch">["tables"];

export function openWatchedTables(
  root: Responder,
  agent: () => Promise<HelperClient>,
  seesAll: () => boolean,
): WatchedTables {
  let watched: Tables = {};
  /** A generation of the agent's is none of root's. */
  let isRootKnown = false;
  /** In a change of the agent's, of which parts were heard already. */
  let isMidway = false;

  async function watch(tables: Tables): Promise<void> {
    watched = tables;
    const asked = await agent();
    if (!seesAll()) {
      await asked.request("inventory/watch", { tables });
      return;
    }
    const { sandboxes, ...others } = tables;
    const anew = Object.fromEntries(Object.keys(others).map((name) => [name, 0]));
    await root.answer("inventory/watch", { tables: isRootKnown ? others : anew });
    isRootKnown = true;
    await asked.request("inventory/watch", {
      tables: sandboxes === undefined ? {} : { sandboxes },
    });
  }

  return {
    watch,
    showAll: async () => {
      if (Object.keys(watched).length > 0) await watch(watched);
    },
    heard: (part) => {
      if (!seesAll()) {
        isMidway = Boolean(Object(part).isPart);
        return part;
      }
      const { tables, isPart } = Object(part);
      const { sandboxes } = Object(tables);
      const goesOn = isMidway || Boolean(isPart);
      isMidway = Boolean(isPart);
      if (sandboxes === undefined && !goesOn) return undefined;
      return {
        tables: sandboxes === undefined ? {} : { sandboxes },
        ...(isMidway && { isPart: true }),
      };
    },
  };
}
