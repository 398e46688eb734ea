import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { openSandboxHost } from "../../helper/sandboxes/host.ts";
import { inspectSandbox } from "../../helper/sandboxes/list.ts";
import { eventually, inspect, startSandbox, terrarium } from "./cli.ts";
import { shell } from "./inside.ts";
import { needsRoot } from "./isolated.ts";

describe("the end of a sandbox", needsRoot, () => {
  test("takes everything in it along when the command ends", async () => {
    const marker = `${700_000 + process.pid}`;
    await shell(`setsid sleep ${marker} & sleep 0.1`);
    const survivors = () =>
      terrarium.run(["ns", "--json"]).then(({ stdout }) => stdout.includes(`sleep ${marker}`));
    assert.equal(await survivors(), false);
  });

  test("is no error for who looks at it in any moment of that", async (t) => {
    const host = openSandboxHost();
    for (let count = 0; count < 5; count += 1) {
      const { name } = await startSandbox(t, [], ["sleep", "0.1"]);
      // Without a pause: between the look who is in it and the look at their mounts they end.
      for (let state = ""; state !== "exited"; ) ({ state } = await inspectSandbox(host, name));
    }
  });

  test("when its PID 1 is killed is told as such", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const { pid } = await inspect(name);
    assert.ok(pid);
    process.kill(pid, "SIGKILL");
    await eventually("it has ended", async () => (await inspect(name)).state === "exited");
    const { exitCode, exitSignal } = await inspect(name);
    assert.deepEqual([exitCode, exitSignal], [137, "SIGKILL"]);
  });

  test("when its monitor is killed ends the sandbox, and the next list removes what is left", async (t) => {
    const { name, id } = await startSandbox(t, [], ["sleep", "600"]);
    const { processes, cgroups } = await inspect(name);
    const monitor = processes[0]?.parentPid;
    assert.ok(monitor);
    process.kill(monitor, "SIGKILL");
    await eventually("its processes are gone", () =>
      processes.every(({ pid }) => !existsSync(`/proc/${pid}/ns/net`)),
    );
    await eventually(
      "its record is gone",
      async () => !(await terrarium.run(["ps", "-a"])).stdout.includes(id),
    );
    for (const directory of Object.values(cgroups)) assert.ok(!existsSync(directory), directory);
  });

  test("by rm -f takes the cgroups along that the host's root made below its own", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const directories = Object.values((await inspect(name)).cgroups);
    for (const directory of directories) mkdirSync(join(directory, "below"));
    const { code, stderr } = await terrarium.run(["rm", "-f", name]);
    assert.equal(code, 0, stderr);
    for (const directory of directories) assert.ok(!existsSync(directory), directory);
  });
});
