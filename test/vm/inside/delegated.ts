import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { SandboxDetails } from "../../../helper/protocol/inventory.ts";
import { inspect, startSandbox, terrarium } from "../../kernel/cli.ts";

/** Runs inside the machine with systemd, as an ordinary user, in a scope that was made with Delegate=yes. */
describe("a sandbox of a user, in the cgroup that systemd delegated", () => {
  const limits = ["--cpus", "0.2", "-m", "64m", "--pids-limit", "20"];
  let sandbox: SandboxDetails;
  const directory = () => sandbox.cgroups["unified"] ?? "";
  const read = (file: string) => readFileSync(join(directory(), file), "utf8").trim();

  before(async () => {
    // Not by an `after` of this hook's, which would run when the hook ends.
    const { name } = await startSandbox({ after: () => undefined }, limits, ["sleep", "600"]);
    sandbox = await inspect(name);
  });
  after(() => terrarium.run(["rm", "-f", sandbox.name]));

  test("is below the scope, in the user's part of the tree", () => {
    const place = `/user@${process.getuid?.()}\\.service/.*\\.scope/terrarium/${sandbox.id}$`;
    assert.match(directory(), new RegExp(place));
  });

  test("has the limits that were asked for, in the kernel's files", () => {
    assert.deepEqual(["cpu.max", "memory.max", "pids.max"].map(read), [
      "20000 100000",
      `${64 * 1024 * 1024}`,
      "20",
    ]);
  });

  test("takes other limits while it runs", async () => {
    const { code, stderr } = await terrarium.run(["update", sandbox.name, "--memory", "32m"]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    assert.equal(read("memory.max"), `${32 * 1024 * 1024}`);
  });

  test("is measured", async () => {
    const { stdout } = await terrarium.run(["stats", sandbox.name]);
    assert.match(stdout, /\d KB \/ 32 MB /);
  });

  test("cannot fork past its limit", async () => {
    const loop = "for i in $(seq 30); do sleep 5 >/dev/null 2>&1 & done";
    await terrarium.run(["exec", sandbox.name, "--", "sh", "-c", loop]);
    assert.match(read("pids.events"), /^max [1-9]/m);
  });

  test("is held still and runs again", async () => {
    await terrarium.run(["pause", sandbox.name]);
    assert.match(read("cgroup.events"), /^frozen 1$/m);
    await terrarium.run(["unpause", sandbox.name]);
    assert.match(read("cgroup.events"), /^frozen 0$/m);
  });

  test("leaves nothing of itself in the scope", async () => {
    assert.equal((await terrarium.run(["rm", "-f", sandbox.name])).code, 0);
    assert.ok(!existsSync(directory()));
  });
});
