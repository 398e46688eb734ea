import assert from "node:assert/strict";
import { chmodSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { Inventory } from "../../helper/inventory/watch/watch.ts";
import { containersFor } from "../../helper/sandboxes/containers.ts";
import { eventually } from "./cli.ts";
import { needsEngine, openPodman, startDocker } from "./engines.ts";
import { found } from "./hostFacts.ts";
import { Held, linkOf } from "./watching.ts";

/** Containers whose engine gives them another name while somebody looks at them. */

const network = ["--network", "none"];
const asleep = ["sleep", "600"];

interface Looking {
  readonly held: Held;
  /** Names of the containers that are shown. */
  names(): readonly (string | undefined)[];
  shows(name: string): Promise<void>;
  end(): void;
}

async function look(t: TestContext, containers = containersFor(0)): Promise<Looking> {
  const sources = { directories: () => [], sandboxes: async () => [] };
  const inventory = new Inventory({ containers, ...sources });
  const watch = inventory.watch(async (change) => held.take(change));
  const held: Held = new Held((tables) => watch.set(tables));
  t.after(() => watch.dispose());
  await held.watch("containers");
  const names = () => [...held.rows("containers").values()].map(({ name }) => name);
  const shows = (name: string) =>
    eventually(`a container ${name} is shown`, () => names().includes(name));
  return { held, names, shows, end: () => watch.dispose() };
}

function openKinds(): readonly string[] {
  return readdirSync("/proc/self/fd").map((fd) => linkOf(`/proc/self/fd/${fd}`));
}

describe("a container that Docker renames", needsEngine("docker"), () => {
  test("has its new name in the row that it had", async (t) => {
    const { client } = await startDocker(t);
    const id = client("run", "-d", "--name", "web", ...network, "bench:1", ...asleep);
    client("run", "-d", "--name", "other", ...network, "bench:1", ...asleep);
    const { held, names, shows } = await look(t);
    await shows("web");
    await shows("other");
    const before = held.changes.length;
    client("rename", "web", "shop");
    await shows("shop");
    assert.ok(!names().includes("web"));
    assert.equal(held.rows("containers").get(`docker:${id}`)?.name, "shop");
    const put = held.changes.slice(before).flatMap(({ tables }) => tables.containers?.put ?? []);
    assert.deepEqual(
      put.map((row) => row.name),
      ["shop"],
    );
    client("rename", "shop", "shop-2");
    await shows("shop-2");
  });

  test("has it where only the socket tells, and nothing stays open for it", async (t) => {
    const { client, folder } = await startDocker(t);
    client("run", "-d", "--name", "web", ...network, "bench:1", ...asleep);
    // As for a user whom the socket lets in: the daemon's files say nothing.
    chmodSync(join(folder, "data/containers"), 0o777);
    const before = openKinds().filter((link) => link.startsWith("socket:")).length;
    const { shows, end } = await look(t);
    await shows("web");
    client("rename", "web", "shop");
    await shows("shop");
    client("rename", "shop", "shop-2");
    await shows("shop-2");
    end();
    await eventually("the socket is closed", () => {
      return openKinds().filter((link) => link.startsWith("socket:")).length <= before;
    });
  });

  test("while nobody looks is read again for who looks next", async (t) => {
    const { client } = await startDocker(t);
    client("run", "-d", "--name", "web", ...network, "bench:1", ...asleep);
    const containers = containersFor(0);
    const first = await look(t, containers);
    await first.shows("web");
    first.end();
    client("rename", "web", "shop");
    await (await look(t, containers)).shows("shop");
  });
});

describe("a container that Podman renames", needsEngine("podman"), () => {
  test("has its new name", async (t) => {
    const podman = openPodman(t);
    podman.client("run", "-d", "--name", "web", ...network, "tree:1", ...asleep);
    const { names, shows } = await look(t);
    await shows("web");
    podman.client("rename", "web", "shop");
    await shows("shop");
    assert.ok(!names().includes("web"));
  });
});

describe("a container of podman run --rm", needsEngine("podman"), () => {
  test("is told of by the second list, where Podman writes one", async (t) => {
    const podman = openPodman(t);
    podman.client("run", "-d", "--rm", "--name", "web", ...network, "tree:1", ...asleep);
    const first = await found("podman", "web");
    const list = first.evidence.find(({ source }) => source === "state file")?.detail ?? "";
    // Podman 4.4 puts it there itself; this one has to find its own list again.
    const second = join(dirname(list), "volatile-containers.json");
    assert.ok(readFileSync(list, "utf8").includes(first.id));
    renameSync(list, second);
    try {
      writeFileSync(list, "[]");
      const web = await found("podman", "web", ({ image }) => image !== undefined);
      assert.equal(web.image, "localhost/tree:1");
      assert.ok(web.evidence.some(({ detail }) => detail === second));
    } finally {
      renameSync(second, list);
    }
  });
});
