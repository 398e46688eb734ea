import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import type { HostContainer } from "../../helper/protocol/hostTables.ts";
import {
  end,
  importImage,
  needsEngine,
  openPodman,
  startContainerd,
  startDocker,
} from "./engines.ts";
import { untilListening } from "./helper-process.ts";
import { found, sourcesOf } from "./hostFacts.ts";
import { becomeStranger, strangerId } from "./isolated.ts";

/** What only an engine itself can tell. */

describe("Podman's socket", needsEngine("podman"), () => {
  test("tells the name of a pod, of which the cgroup has the id alone", async (t) => {
    const socket = "/run/podman/podman.sock";
    if (existsSync(socket)) return t.skip(`${socket} is this machine's own`);
    const podman = openPodman(t);
    const [program = "", ...words] = podman.command;
    const url = `unix://${socket}`;
    mkdirSync(dirname(socket), { recursive: true });
    const service = spawn(program, [...words, "system", "service", "--time", "0", url], {
      stdio: "ignore",
      env: podman.env,
    });
    t.after(async () => {
      await end(service);
      rmSync(socket, { force: true });
    });
    const infra = ["--infra-image", "localhost/tree:1", "--infra-command", "sleep 600"];
    podman.client("pod", "create", "--name", "shop", ...infra, "--network", "none");
    podman.client("run", "-d", "--pod", "shop", "--name", "web", "tree:1", "sleep", "600");
    await untilListening(socket);
    const web = await found("podman", "web");
    assert.deepEqual(web.pod, { name: "shop", namespace: undefined });
    assert.equal(web.image, "localhost/tree:1");
    assert.equal(sourcesOf(web)[0], "engine's socket");
  });
});

describe("Docker's socket", needsEngine("docker"), () => {
  test("tells what the daemon's files may not be believed about", async (t) => {
    const { client, folder } = await startDocker(t);
    client("run", "-d", "--name", "web", "--network", "none", "bench:1", "sleep", "600");
    // Now everybody can put other files in the place of the daemon's.
    chmodSync(join(folder, "data/containers"), 0o777);
    const web = await found("docker", "web");
    assert.equal(web.image, "bench:1");
    const [strongest, ...others] = web.evidence;
    assert.deepEqual(strongest, { source: "engine's socket", detail: join(folder, "socket") });
    assert.ok(!others.some(({ source }) => source === "state file"));
  });
});

describe("containerd's socket", needsEngine("containerd"), () => {
  test("tells the image, which is in none of its files", async (t) => {
    const { client, tree, socket } = await startContainerd(t);
    const image = "registry.example/shop/web:2";
    importImage(client("default"), tree, image);
    const run = ["run", "-d", "--snapshotter", "native"];
    client("default")(...run, image, "web", "/bin/sleep", "600");
    client("default")("run", "-d", "--rootfs", tree, "bare", "/bin/sleep", "600");
    const web = await found("containerd", "web");
    assert.equal(web.image, image);
    assert.equal(web.id, "default/web");
    const [strongest] = web.evidence;
    assert.deepEqual(strongest, { source: "engine's socket", detail: socket });
    assert.equal((await found("containerd", "bare")).image, undefined);
  });

  test("tells a name that is a label alone, and of a pod what the bundle does not", async (t) => {
    const { client, tree } = await startContainerd(t);
    const run = (namespace: string, labels: Readonly<Record<string, string>>, id: string) => {
      const words = Object.entries(labels).flatMap(([key, value]) => [
        "--label",
        `${key}=${value}`,
      ]);
      client(namespace)("run", "-d", ...words, "--rootfs", tree, id, "/bin/sleep", "600");
    };
    run("default", { "nerdctl/name": "shop" }, "b".repeat(64));
    assert.equal((await found("containerd", "shop")).id, `default/${"b".repeat(64)}`);
    // The keys are those of a real one: https://github.com/containerd/containerd/issues/12560
    const labels = { "pod.name": "shop-0", "pod.namespace": "prod", "container.name": "api" };
    const ofKubelet = Object.entries(labels).map(([key, value]) => [`io.kubernetes.${key}`, value]);
    run("k8s.io", Object.fromEntries(ofKubelet), "a".repeat(64));
    const api = await found("kubernetes", "api");
    assert.deepEqual(api.pod, { name: "shop-0", namespace: "prod" });
  });

  test("that does not answer keeps nobody waiting, and what else is known is shown", async (t) => {
    const { client, tree, socket } = await startContainerd(t);
    client("default")("run", "-d", "--rootfs", tree, "web", "/bin/sleep", "600");
    renameSync(socket, `${socket}.real`);
    const dumb = createServer().listen(socket);
    try {
      await once(dumb, "listening");
      const web = await found("containerd", "web");
      assert.deepEqual(sourcesOf(web), ["state file", "parent process", "namespaces"]);
    } finally {
      dumb.close();
      renameSync(`${socket}.real`, socket);
    }
  });
});

describe("a user whom Docker's socket lets in", needsEngine("docker"), () => {
  test("is told of root's containers, though none of root's files and namespaces", async (t) => {
    const { client, folder } = await startDocker(t);
    client("run", "-d", "--name", "web", "--network", "none", "bench:1", "sleep", "600");
    chmodSync(folder, 0o711);
    chownSync(join(folder, "socket"), 0, strangerId);
    // Loaded as root: the checkout may be closed to others.
    const script = `
      const { lookForContainers } = await import(${JSON.stringify(join(import.meta.dirname, "hostFacts.ts"))});
      ${becomeStranger}
      console.log(JSON.stringify(await lookForContainers()));
      process.exit();
    `;
    const printed = execFileSync(process.execPath, ["--input-type=module", "-e", script]);
    const rows: readonly HostContainer[] = JSON.parse(printed.toString());
    const web = rows.find(({ engine }) => engine === "docker");
    assert.equal(web?.name, "web");
    assert.equal(web.image, "bench:1");
    assert.equal(web.user, undefined);
    assert.deepEqual(sourcesOf(web), ["engine's socket", "parent process", "cgroup path"]);
  });
});
