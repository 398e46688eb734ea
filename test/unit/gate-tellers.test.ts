import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { InventoryPart } from "../../helper/protocol/inventoryParts.ts";
import { openTellers } from "../../helper/server/gate/tellers.ts";
import { openWatchedTables } from "../../helper/server/gate/watched.ts";
import type { Notify } from "../../helper/server/session.ts";

const table = (generation: number) => ({ generation, from: 0, put: [], gone: [] });

function part(name: "processes" | "sandboxes", isPart?: true): InventoryPart {
  return { tables: { [name]: table(1) }, ...(isPart && { isPart }) };
}

describe("changes that root and an agent tell one client", () => {
  test("are told one after the other, though both come in parts and the stream is slow", async () => {
    const told: string[] = [];
    const slow: Notify = async (_name, parameters) => {
      await turn();
      const { tables, isPart } = parameters as InventoryPart;
      told.push(`${Object.keys(tables)}${isPart ? " …" : ""}`);
    };
    const teller = openTellers(slow);
    const [root, agent] = [teller(), teller()];
    await Promise.all([
      root("inventory/didChange", part("processes", true)),
      agent("inventory/didChange", part("sandboxes", true)),
      agent("inventory/didChange", part("sandboxes")),
      root("inventory/didChange", part("processes", true)),
      root("inventory/didChange", part("processes")),
    ]);
    assert.deepEqual(told, ["processes …", "processes …", "processes", "sandboxes …", "sandboxes"]);
  });

  test("go on when a part could not be sent", async () => {
    const told: InventoryPart[] = [];
    const broken: Notify = async (_name, parameters) => {
      if (told.push(parameters as InventoryPart) === 1) throw new Error("closed");
    };
    const teller = openTellers(broken);
    const [root, agent] = [teller(), teller()];
    await assert.rejects(root("inventory/didChange", part("processes")), /closed/);
    await agent("inventory/didChange", part("sandboxes"));
    assert.equal(told.length, 2);
  });
});

describe("what an agent tells a client who sees everything", () => {
  const never = () => assert.fail("nobody was asked");
  const watched = (seesAll: boolean) =>
    openWatchedTables({ answer: never, dispose: never }, never, () => seesAll);

  test("is of its sandboxes, and as many parts as it begins it ends", () => {
    const { heard } = watched(true);
    assert.equal(heard(part("processes")), undefined);
    assert.deepEqual(heard(part("sandboxes", true)), part("sandboxes", true));
    assert.deepEqual(heard(part("processes")), { tables: {} });
    assert.equal(heard(part("processes")), undefined);
  });

  test("is all of it, as it came, for who does not", () => {
    const { heard } = watched(false);
    assert.deepEqual(heard(part("processes", true)), part("processes", true));
  });
});
