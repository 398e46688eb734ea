import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { eventually, inspect, list, startSandbox, terrarium, uniqueName } from "./cli.ts";
import { needsRoot } from "./isolated.ts";
import { assertNothingLeft, takeInventory } from "./leftovers.ts";

async function create(t: TestContext, options: readonly string[], command: readonly string[]) {
  const name = uniqueName();
  t.after(() => terrarium.run(["rm", "-f", name]));
  const ran = await terrarium.run(["create", "--name", name, ...options, "--", ...command]);
  assert.equal(ran.stderr, "");
  return { name, id: ran.stdout.trim() };
}

const stateOf = async (name: string) => (await inspect(name)).state;
const ended = (name: string) =>
  eventually("it has ended", async () => (await stateOf(name)) === "exited");

describe("terrarium create", needsRoot, () => {
  test("writes a sandbox down and runs nothing", async (t) => {
    const { name, id } = await create(t, ["-m", "64m"], ["sleep", "600"]);
    const created = await inspect(name);
    assert.equal(created.id, id);
    assert.equal(created.state, "created");
    assert.equal(created.pid, undefined);
    assert.deepEqual(created.processes, []);
    assert.deepEqual(created.cgroups, {});
  });

  test("is listed by ps -a only, and survives every other client", async (t) => {
    const { name } = await create(t, [], ["sleep", "600"]);
    const running = await terrarium.run(["ps"]);
    assert.doesNotMatch(running.stdout, new RegExp(name));
    assert.ok((await list()).some((sandbox) => sandbox.name === name));
  });

  test("refuses a taken name and a path that no sandbox may have", async (t) => {
    const { name } = await create(t, [], ["true"]);
    const again = await terrarium.run(["create", "--name", name, "--", "true"]);
    assert.match(again.stderr, /exists already/);
    const system = await terrarium.run(["create", "--workspace", "/etc", "--", "true"]);
    assert.match(system.stderr, /Cannot use \/etc/);
  });
});

describe("terrarium start", needsRoot, () => {
  test("starts what was created, with its id, limits and command", async (t) => {
    const { name, id } = await create(t, ["--pids-limit", "50"], ["sleep", "600"]);
    assert.equal((await terrarium.run(["start", name])).stdout, `${name}\n`);
    const running = await inspect(name);
    assert.equal(running.id, id);
    assert.equal(running.state, "running");
    assert.equal(running.limits.find(({ limit }) => limit === "pidsMax")?.value, 50);
    assert.ok(running.processes.some(({ commandLine }) => commandLine === "sleep 600"));
  });

  test("takes other ids where those that it had are somebody's by now", async (t) => {
    const { name } = await create(t, [], ["sleep", "600"]);
    const rangeOnce = async () => {
      assert.equal((await terrarium.run(["start", name])).stdout, `${name}\n`);
      const [line] = (await inspect(name)).uidMap;
      await terrarium.run(["stop", "--time", "0", name]);
      return line?.[1] ?? 0;
    };
    const base = await rangeOnce();
    const squatter = spawn("setpriv", ["--reuid", `${base + 5}`, "--clear-groups", "sleep", "600"]);
    t.after(() => squatter.kill("SIGKILL"));
    await eventually("it runs", async () => statSync(`/proc/${squatter.pid}`).uid === base + 5);
    assert.notEqual(await rangeOnce(), base);
  });

  test("-a passes input, output and the exit code", async (t) => {
    const { name } = await create(t, [], ["sh", "-c", "cat; exit 7"]);
    const ran = await terrarium.run(["start", "-a", name], { input: "hello" });
    assert.deepEqual([ran.code, ran.stdout], [7, "hello"]);
    await ended(name);
    assert.equal((await inspect(name)).exitCode, 7);
  });

  test("starts one that has ended once more, and forgets how it ended", async (t) => {
    const { name, id } = await startSandbox(t, [], ["sh", "-c", "exit 3"]);
    await ended(name);
    const again = await terrarium.run(["start", "-a", name]);
    assert.equal(again.code, 3);
    await ended(name);
    assert.equal((await inspect(name)).id, id);
  });

  test("refuses one that runs", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const { code, stderr } = await terrarium.run(["start", name]);
    assert.equal(code, 125);
    assert.match(stderr, /is running/);
  });

  test("of two clients one starts it", async (t) => {
    const { name } = await create(t, [], ["sleep", "600"]);
    const codes = await Promise.all([1, 2, 3].map(() => terrarium.run(["start", name])));
    assert.deepEqual(codes.map(({ code }) => code).sort(), [0, 125, 125]);
  });

  test("that fails leaves the sandbox as it was created, and nothing else", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "terrarium-start-"));
    const { name } = await create(t, ["-v", `${folder}:/data`], ["sleep", "600"]);
    rmSync(folder, { recursive: true });
    const before = takeInventory();
    const { code, stderr } = await terrarium.run(["start", name]);
    assert.equal(code, 125);
    assert.match(stderr, /Cannot use .*terrarium-start-/);
    assert.equal(await stateOf(name), "created");
    await assertNothingLeft(before);
  });

  test("is refused where a program inside has put a link in the way since", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "terrarium-start-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const cache = join(folder, "cache");
    mkdirSync(cache);
    const mounts = ["--workspace", folder, "-v", `${cache}:/cache:ro`];
    const attack = `rmdir ${cache} && ln -s /root ${cache}; ls /cache`;
    const { name } = await create(t, mounts, ["sh", "-c", attack]);
    assert.equal((await terrarium.run(["start", "-a", name])).code, 0);
    await ended(name);
    const again = await terrarium.run(["start", "-a", name]);
    assert.match(again.stderr, /a symbolic link in \S+ which a program .* leads it to \/root/);
    assert.equal(again.stdout, "");
  });

  test("a command that is not there fails with 127, and the sandbox stays", async (t) => {
    const { name } = await create(t, [], ["/no/such/program"]);
    assert.equal((await terrarium.run(["start", name])).code, 127);
    assert.equal(await stateOf(name), "created");
  });

  test("a client that is killed while it starts loses nothing that was created", async (t) => {
    const { name } = await create(t, [], ["sleep", "600"]);
    for (const delayMs of [20, 60, 90, 110, 130]) {
      const client = terrarium.start(["start", name]);
      setTimeout(() => client.kill("SIGKILL"), delayMs);
      await new Promise((resolve) => client.once("close", resolve));
      await eventually("it is settled", async () => (await stateOf(name)) !== "creating");
      if ((await stateOf(name)) === "running") await terrarium.run(["stop", "--time", "0", name]);
    }
    assert.equal((await terrarium.run(["start", name])).code, 0);
    assert.equal(await stateOf(name), "running");
  });
});

describe("terrarium rm", needsRoot, () => {
  test("removes what was only created", async (t) => {
    const { name } = await create(t, [], ["true"]);
    assert.equal((await terrarium.run(["rm", name])).code, 0);
    assert.ok(!(await list()).some((sandbox) => sandbox.name === name));
  });
});
