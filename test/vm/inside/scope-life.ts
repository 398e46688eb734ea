import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect, list, startSandbox, terrarium } from "../../kernel/cli.ts";
import { assertNothingLeft, takeInventory } from "../../kernel/leftovers.ts";
import { assertNoScopes, scopes, systemctl, top, unitOf } from "./units.ts";

/** Runs inside the machine with systemd, as root. */
describe("the scope of a sandbox", () => {
  test("is stopped as any unit is: the command is asked to end, and its ending is kept", async (t) => {
    const script = "trap 'exit 7' TERM; while :; do sleep 0.1; done";
    const { name, id } = await startSandbox(t, [], ["sh", "-c", script]);
    systemctl("stop", unitOf({ id }));
    const { state, exitCode } = await inspect(name);
    assert.deepEqual([state, exitCode], ["exited", 7]);
    await assertNoScopes();
  });

  test("is stopped though its sandbox heeds nothing, and is paused", async (t) => {
    const { name, id } = await startSandbox(
      t,
      [],
      ["sh", "-c", "trap '' TERM HUP; while :; do sleep 1; done"],
    );
    await terrarium.run(["pause", name]);
    systemctl("stop", unitOf({ id }));
    await assertNoScopes();
    assert.deepEqual(
      (await list()).filter((one) => one.id === id && one.state !== "exited"),
      [],
    );
  });

  test("is stopped together with all others by their slice", async (t) => {
    const started = await Promise.all([1, 2].map(() => startSandbox(t, [], ["sleep", "600"])));
    assert.deepEqual(scopes(), started.map(unitOf).sort());
    systemctl("stop", "terrarium.slice");
    await assertNoScopes();
    assert.deepEqual(
      (await list()).map(({ state }) => state),
      ["exited", "exited"],
    );
  });

  test("is asked for again as soon as the last one is on its way out", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    for (let round = 0; round < 2; round += 1) {
      assert.equal((await terrarium.run(["stop", name])).code, 0);
      assert.equal((await terrarium.run(["start", name])).stderr, "");
    }
    assert.equal((await inspect(name)).state, "running");
  });

  test("and those of others come and go at the same time", async () => {
    const lives = [1, 2, 3].map(async () => {
      for (let round = 0; round < 2; round += 1) {
        assert.equal((await terrarium.run(["run", "--", "true"])).stderr, "");
      }
    });
    await Promise.all(lives);
    await assertNoScopes();
  });

  test("is told by a plan, and not asked for by it", async () => {
    const { stdout } = await terrarium.run(["run", "--plan", "--name", "later", "--", "true"]);
    const [, unit] = /^systemd unit +(\S+) .*Description=Sandbox later of/m.exec(stdout) ?? [];
    assert.match(stdout, new RegExp(`^cgroup +${top}/terrarium.slice/${unit}/sandbox$`, "m"));
    assert.deepEqual(scopes(), []);
  });

  test("is not there for what is refused before", async () => {
    const { stderr } = await terrarium.run(["run", "--cpuset-cpus", "4000", "--", "true"]);
    assert.match(stderr, /4000 cannot be had/);
    assert.deepEqual(scopes(), []);
  });

  test("cannot be had from a systemd that nobody can ask: there is no sandbox without it", async (t) => {
    const bus = ["dbus.socket", "dbus.service"];
    t.after(() => systemctl("start", ...bus));
    systemctl("stop", ...bus);
    const before = takeInventory();
    const { code, stderr } = await terrarium.run(["run", "--", "true"]);
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /^terrarium: systemd did not make terrarium-\w+\.scope .*: .*\(.*terrarium features/,
    );
    assert.match((await terrarium.run(["features"])).stdout, /systemd.*busctl: /s);
    await assertNothingLeft(before);
  });
});
