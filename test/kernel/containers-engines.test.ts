import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { tableKeys } from "../../helper/protocol/hostTables.ts";
import { eventually } from "./cli.ts";
import {
  bubblewrapped,
  needsEngine,
  openPodman,
  removeEmptyCgroups,
  start,
  startChromium,
  startContainerd,
  startCrun,
  startDocker,
  startLxc,
  startNspawn,
  startRunc,
} from "./engines.ts";
import { found, isGone, membersOf, sourcesOf } from "./hostFacts.ts";
import { strangerId } from "./isolated.ts";

/** Every engine that this machine can start, for real: what is found of its containers, and by what. */

const cgroupfsId = "823b5a6d9aaa8da5c0ecda3e7cbcd6729673437965dc600ffcb0a2651960f945";
const network = ["--network", "none"];

describe("a container of Docker", needsEngine("docker"), () => {
  test("is found with its name and image, paused and running, until it is removed", async (t) => {
    const { client } = await startDocker(t);
    const id = client("run", "-d", "--name", "web", ...network, "bench:1", "sleep", "600");
    const web = await found("docker", "web");
    assert.equal(web.id, id);
    assert.equal(web.image, "bench:1");
    assert.equal(web.state, "running");
    assert.equal(web.user, undefined);
    assert.equal(web.parent, undefined);
    assert.deepEqual([...new Set(Object.values(web.cgroups))], [`/docker/${id}`]);
    assert.deepEqual(sourcesOf(web), ["state file", "parent process", "cgroup path", "namespaces"]);
    for (const type of ["pid", "mnt", "net", "uts", "ipc"] as const) {
      assert.ok(web.ownNamespaces.includes(type), type);
    }
    client("exec", "-d", "web", "sleep", "601");
    await eventually("both processes are members", () => membersOf(web).length === 2);
    assert.equal(membersOf(web)[0]?.pid, web.pid);
    client("pause", "web");
    assert.equal((await found("docker", "web")).state, "paused");
    client("unpause", "web");
    assert.equal((await found("docker", "web")).state, "running");
    client("rm", "-f", "web");
    await isGone("docker", id);
  });
});

describe("a container of Podman", needsEngine("podman"), () => {
  test("is found with its name and image", async (t) => {
    const podman = openPodman(t);
    const id = podman.client("run", "-d", "--name", "web", ...network, "tree:1", "sleep", "600");
    const web = await found("podman", "web");
    assert.equal(web.id, id);
    assert.equal(web.image, "localhost/tree:1");
    assert.deepEqual(sourcesOf(web), ["state file", "parent process", "cgroup path", "namespaces"]);
    podman.client("rm", "-f", "-t", "0", "web");
    await isGone("podman", id);
  });

  test("of a user is the user's, with what the user's own files say", async (t) => {
    const podman = openPodman(t, strangerId);
    const id = podman.client("run", "-d", "--name", "mine", ...network, "tree:1", "sleep", "600");
    const mine = await found("podman", "mine");
    assert.equal(mine.user, strangerId);
    assert.equal(tableKeys.containers(mine), `podman:${id}@${strangerId}`);
    assert.equal(mine.image, "localhost/tree:1");
    assert.deepEqual(sourcesOf(mine), ["state file", "parent process", "namespaces"]);
  });
});

describe("a container of containerd", needsEngine("containerd"), () => {
  test("is found by its shim, with the namespace in its id", async (t) => {
    const { client, tree } = await startContainerd(t);
    client("default")("run", "-d", "--rootfs", tree, "web", "/bin/sleep", "600");
    const web = await found("containerd", "web");
    assert.equal(web.id, "default/web");
    assert.deepEqual([...new Set(Object.values(web.cgroups))], ["/default/web"]);
    assert.deepEqual(sourcesOf(web), ["state file", "parent process", "namespaces"]);
    client("default")("tasks", "exec", "-d", "--exec-id", "other", "web", "/bin/sleep", "601");
    await eventually("both processes are members", () => membersOf(web).length === 2);
  });

  test("that the CRI started is Kubernetes's: pod, namespace and name are its annotations", async (t) => {
    const { client, tree } = await startContainerd(t);
    t.after(() => removeEmptyCgroups("kubepods"));
    const pod = "/kubepods/burstable/pod89f4f2cb511c3b0b7e5272cff5ec37bf";
    const [sandbox, id] = ["a".repeat(64), cgroupfsId];
    // The keys are those of a real one: https://github.com/containerd/containerd/issues/12560
    const ofPod = { "sandbox-id": sandbox, "sandbox-name": "shop-0", "sandbox-namespace": "prod" };
    const start = (name: string, annotations: Readonly<Record<string, string>>) => {
      const words = Object.entries({ ...ofPod, ...annotations }).flatMap(([key, value]) => [
        ...["--annotation", `io.kubernetes.cri.${key}=${value}`],
      ]);
      const rootfs = ["--rootfs", "--cgroup", `${pod}/${name}`, ...words, tree, name];
      client("k8s.io")("run", "-d", ...rootfs, "/bin/sleep", "600");
    };
    start(sandbox, { "container-type": "sandbox" });
    start(id, {
      "container-type": "container",
      "container-name": "web",
      "image-name": "registry.example/shop/web:2",
    });
    const web = await found("kubernetes", "web");
    assert.equal(web.id, id);
    assert.deepEqual(web.pod, { name: "shop-0", namespace: "prod" });
    assert.equal(web.image, "registry.example/shop/web:2");
    assert.deepEqual(sourcesOf(web), ["state file", "parent process", "cgroup path", "namespaces"]);
    const pause = await found("kubernetes", "pod sandbox");
    assert.equal(pause.id, sandbox);
    // One shim watches both, and is called after the first.
    assert.deepEqual(
      web.evidence.filter(({ source }) => source === "parent process"),
      pause.evidence.filter(({ source }) => source === "parent process"),
    );
  });
});

describe("a container without a daemon", () => {
  for (const [engine, startOne] of [
    ["runc", startRunc],
    ["crun", startCrun],
  ] as const) {
    test(`of ${engine} is found by its state`, needsEngine(engine), async (t) => {
      const id = `engines-test-${process.pid}`;
      startOne(t, id, `/${id}`);
      const container = await found(engine, id);
      assert.equal(container.id, id);
      assert.deepEqual([...new Set(Object.values(container.cgroups))], [`/${id}`]);
      assert.deepEqual(sourcesOf(container), ["state file", "namespaces"]);
    });
  }

  test("of LXC is found by its cgroup and its monitor", needsEngine("lxc"), async (t) => {
    startLxc(t, "garden");
    const garden = await found("lxc", "garden");
    assert.equal(garden.id, "garden");
    assert.ok(Object.values(garden.cgroups).every((path) => path === "/lxc.payload.garden"));
    assert.deepEqual(sourcesOf(garden), ["parent process", "cgroup path", "namespaces"]);
  });

  test("of systemd-nspawn is found by the process above it", needsEngine("nspawn"), async (t) => {
    startNspawn(t, "meadow");
    // It first has a child with mounts alone, which then makes the rest.
    const meadow = await found("nspawn", "meadow", (row) => row.ownNamespaces.includes("pid"));
    assert.equal(meadow.id, "meadow");
    assert.deepEqual(sourcesOf(meadow), ["parent process", "namespaces"]);
  });

  test("of bubblewrap is called as what runs in it", needsEngine("bubblewrap"), async (t) => {
    start(t, ...bubblewrapped, "/bin/sleep", "600");
    const sleep = await found("bubblewrap", "sleep");
    assert.equal(sleep.id, `${sleep.pid}:${sleep.startTimeTicks}`);
    assert.deepEqual(sourcesOf(sleep), ["parent process", "namespaces"]);
    assert.deepEqual(sleep.cgroups, {});
  });
});

describe("Chromium's sandbox", needsEngine("chromium"), () => {
  test("is one, with all its renderers, and its user's", async (t) => {
    startChromium(t, strangerId);
    const sandbox = await found("chromium", "chromium");
    assert.equal(sandbox.user, strangerId);
    assert.deepEqual(sandbox.ownNamespaces, ["pid", "net", "user"]);
    const isRenderer = /--type=renderer/;
    await eventually("a renderer is a member", () =>
      membersOf(sandbox).some(({ commandLine }) => isRenderer.test(commandLine)),
    );
  });
});
