import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { collect, terrarium, uniqueName } from "../../kernel/cli.ts";
import { attempt, childrenOf } from "../../kernel/launcher.ts";
import { assertNothingLeft, takeInventory } from "../../kernel/leftovers.ts";
import { assertNoScopesLater } from "./units.ts";

/** Runs inside the machine with systemd, as root. */
describe("a start that is cut short", () => {
  let wholeMs = 0;
  before(async () => {
    const startedMs = performance.now();
    await terrarium.run(["run", "--", "true"]);
    wholeMs = performance.now() - startedMs;
  });

  const rounds = 8;
  type Helper = ReturnType<typeof terrarium.start>;

  async function cutShort(kill: (helper: Helper) => void): Promise<void> {
    const before = takeInventory();
    for (let round = 0; round < rounds; round += 1) {
      const name = uniqueName();
      const words = ["run", "-d", "--name", name, "--", "sleep", "600"];
      const helper = terrarium.start(words, { input: "" });
      const ended = collect(helper);
      // Before it has begun leaves nothing to look at.
      await sleep(wholeMs * (0.3 + (0.7 * (round + Math.random())) / rounds));
      if (helper.exitCode === null) kill(helper);
      await ended;
      // Either it lived on, as it was asked to, or nobody knows it.
      await terrarium.run(["rm", "-f", name]);
    }
    await assertNoScopesLater();
    await assertNothingLeft(before);
  }

  test("by the helper's death leaves no unit and no cgroup, whenever it dies", () =>
    cutShort((helper) => helper.kill("SIGKILL")));

  test("by the launcher's death leaves no unit and no cgroup, whenever it dies", () =>
    cutShort((helper) => {
      // Each of them may end by itself meanwhile, and so may the helper.
      for (const child of attempt(() => childrenOf(helper.pid ?? 0)) ?? []) {
        attempt(() => process.kill(child, "SIGKILL"));
      }
    }));
});
