import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ContainerFinder } from "../../helper/inventory/containers/finder.ts";
import { tableKeys } from "../../helper/protocol/hostTables.ts";
import { openSandboxHost } from "../../helper/sandboxes/host.ts";
import { knownSandboxes } from "../../helper/sandboxes/list.ts";
import { eventually, startSandbox, terrarium } from "./cli.ts";
import { bubblewrapped, needsEngine, start, startContainerd } from "./engines.ts";
import { found, lookForContainers, membersOf, readContainerFacts, sourcesOf } from "./hostFacts.ts";
import { needsRoot, startIsolated } from "./isolated.ts";

describe("our own sandbox", needsRoot, () => {
  test("is a container under its name, with what exec started in it", async (t) => {
    const { name, id } = await startSandbox(t, [], ["sleep", "600"]);
    const sandboxes = knownSandboxes(openSandboxHost());
    const rows = await lookForContainers(new ContainerFinder(), sandboxes);
    const sandbox = rows.find((row) => row.engine === "terrarium" && row.id === id);
    assert.ok(sandbox);
    assert.equal(sandbox.name, name);
    assert.ok(sourcesOf(sandbox).includes("registry"));
    const before = membersOf(sandbox, sandboxes).length;
    const client = terrarium.start(["exec", name, "--", "sleep", "600"]);
    t.after(() => client.kill());
    await eventually("it is a member", () => membersOf(sandbox, sandboxes).length > before);
  });

  test("is one, too, where it shares the host's processes", async (t) => {
    const { name, id } = await startSandbox(t, ["--namespace", "pid=host"], ["sleep", "600"]);
    const sandboxes = knownSandboxes(openSandboxHost());
    const rows = await lookForContainers(new ContainerFinder(), sandboxes);
    const sandbox = rows.find((row) => row.engine === "terrarium" && row.id === id);
    assert.equal(sandbox?.name, name);
    assert.ok(!sandbox.ownNamespaces.includes("pid"));
    assert.ok(membersOf(sandbox, sandboxes).some(({ command }) => command === "sleep"));
  });
});

describe("a container in another", () => {
  test("names it: bubblewrap in bubblewrap", needsEngine("bubblewrap"), async (t) => {
    // A procfs of its own the kernel gives only to whoever sees all of one already.
    const within = bubblewrapped.filter((word) => !word.endsWith("proc")).join(" ");
    start(t, ...bubblewrapped, "sh", "-c", `${within} /bin/sleep 600; true`);
    const outer = await found("bubblewrap", "sh");
    const inner = await found("bubblewrap", "sleep");
    assert.equal(inner.parent, tableKeys.containers(outer));
    assert.ok(
      membersOf(inner).every(({ pid }) => membersOf(outer).every((row) => row.pid !== pid)),
    );
  });

  test(
    "is its engine's as on the host, and tells no files",
    needsEngine("containerd"),
    async (t) => {
      const around = ["unshare", "--pid", "--mount", "--net", "--fork", "--kill-child"];
      const { client, tree } = await startContainerd(t, [...around, "--mount-proc"]);
      client("default")("run", "-d", "--rootfs", tree, "web", "/bin/sleep", "600");
      const web = await found("containerd", "web");
      const outer = await found("unknown", "containerd");
      assert.equal(web.parent, tableKeys.containers(outer));
      // Its shim's paths are those of another mount namespace: what lies there out here is something else.
      assert.deepEqual(sourcesOf(web), ["parent process", "namespaces"]);
    },
  );
});

describe("what nobody knows", needsRoot, () => {
  const all = ["--pid", "--mount", "--net", "--fork", "--kill-child"];

  function unknown(facts = readContainerFacts()) {
    const { containers } = new ContainerFinder().find(facts);
    return containers.filter(({ engine }) => engine === "unknown");
  }

  test("is a container with own processes, mounts and network", async (t) => {
    const { pid } = await startIsolated(t, all);
    const row = unknown().find((container) => container.pid === pid);
    assert.ok(row);
    assert.equal(row.id, `${row.pid}:${row.startTimeTicks}`);
    assert.deepEqual(row.evidence, [{ source: "namespaces", detail: "own pid, mnt, net" }]);
  });

  test("is none when the helper itself has started it", async (t) => {
    const { pid } = await startIsolated(t, all);
    const facts = { ...readContainerFacts(), helperPid: process.pid };
    assert.ok(!unknown(facts).some((container) => container.pid === pid));
  });

  for (const flags of [
    ["--mount"],
    ["--mount", "--net", "--uts"],
    ["--pid", "--mount", "--fork"],
  ]) {
    test(`is none with no more than ${flags.join(" ")}, as services have`, async (t) => {
      const { pid } = await startIsolated(t, flags);
      assert.ok(!unknown().some((container) => container.pid === pid));
    });
  }
});
