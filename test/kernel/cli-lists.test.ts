import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostNamespace, HostRows } from "../../helper/protocol/hostTables.ts";
import type { ProcessDetails } from "../../helper/protocol/inventory.ts";
import { eventually, inspect, json, list, startSandbox, terrarium } from "./cli.ts";
import { needsRoot, startIsolated } from "./isolated.ts";

/** As `terrarium ns --json` prints them. */
interface ListedNamespaces {
  readonly namespaces: readonly (HostNamespace & {
    readonly whose?: string;
    readonly processes: readonly { readonly pid: number }[];
  })[];
}

describe("the lists", needsRoot, () => {
  test("ps shows a running sandbox with its processes and limits", async (t) => {
    const { name, id } = await startSandbox(t, ["-m", "64m"], ["sleep", "600"]);
    const found = (await list()).find((sandbox) => sandbox.id === id);
    assert.equal(found?.state, "running");
    assert.deepEqual(
      found.processes.map(({ nestedPids, command }) => [nestedPids.at(-1), command]),
      [
        [1, "terrarium-init"],
        [2, "sleep"],
      ],
    );
    assert.equal(found.processes[0]?.pid, found.pid);
    const memory = found.limits.find(({ limit }) => limit === "memoryBytes");
    assert.equal(memory?.value, 64 * 1024 ** 2);
    const { stdout } = await terrarium.run(["ps"]);
    assert.match(stdout, new RegExp(`^${id}  ${name} .*running .*sleep 600$`, "m"));
  });

  test("ps -a shows one that has ended, with how, until it is removed", async (t) => {
    const { name } = await startSandbox(t, [], ["sh", "-c", "exit 3"]);
    await eventually("the sandbox ends", async () => (await inspect(name)).state === "exited");
    assert.match((await terrarium.run(["ps", "-a"])).stdout, new RegExp(`${name} +exited \\(3\\)`));
    assert.ok(!(await terrarium.run(["ps"])).stdout.includes(name));
    assert.equal((await terrarium.run(["rm", name])).stdout, `${name}\n`);
    assert.ok(!(await terrarium.run(["ps", "-a"])).stdout.includes(name));
  });

  test("ns knows the sandbox by name in each of its seven new namespaces", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const { namespaces } = await json<ListedNamespaces>(["ns"]);
    const types = namespaces.filter(({ whose }) => whose === name).map(({ type }) => type);
    assert.deepEqual(types.sort(), ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]);
    const { stdout } = await terrarium.run(["ns", "-t", "pid"]);
    assert.match(stdout, new RegExp(`pid .* ${name} `));
    assert.doesNotMatch(stdout, / mnt /);
  });

  test("ns -l and -T tell what keeps a namespace, and whose it is by its owner", async (t) => {
    const { pid } = await startIsolated(t, ["--user", "--net", "--uts"]);
    const { namespaces } = await json<ListedNamespaces>(["ns"]);
    const own = namespaces.filter(({ processes }) => processes.some((one) => one.pid === pid));
    const of = (type: string) => own.find((row) => row.type === type);
    const { stdout: long } = await terrarium.run(["ns", "-l", "-t", "net"]);
    const { stdout: tree } = await terrarium.run(["ns", "-T"]);
    const [net, user] = [of("net"), of("user")];
    assert.match(
      long,
      new RegExp(`^${net?.inode} +net .* ${user?.inode} .* 1 process .*sleep`, "m"),
    );
    assert.match(
      tree,
      new RegExp(
        `─ ${user?.inode} +user .*\n[│ ]+├─ ${net?.inode} +net .*\n[│ ]+└─ ${of("uts")?.inode} `,
      ),
    );
  });

  test("cgroups shows the sandbox's directory in the tree", async (t) => {
    const { name, id } = await startSandbox(t, [], ["sleep", "600"]);
    const { cgroups } = await json<Pick<HostRows, "cgroups">>(["cgroups"]);
    const ours = cgroups.filter(({ path }) => path.endsWith(`/terrarium/${id}`));
    assert.ok(ours.length > 0);
    assert.ok(ours.every(({ manager, processes }) => manager === "Terrarium" && processes === 2));
    assert.match((await terrarium.run(["cgroups"])).stdout, new RegExp(`─ ${id} .*${name}`));
  });

  test("inspect shows what a sandbox and what a process is made of", async (t) => {
    const { name, id } = await startSandbox(t, ["--pids-limit", "20"], ["sleep", "600"]);
    const sandbox = await inspect(id.slice(0, 6));
    assert.equal(sandbox.name, name);
    assert.ok(sandbox.namespaces.length >= 7);
    assert.ok(sandbox.namespaces.every(({ type, shared }) => shared === (type === "time")));
    const main = sandbox.processes[1];
    const process = await json<ProcessDetails>(["inspect", `${main?.pid}`]);
    assert.deepEqual(process.nestedPids, main?.nestedPids);
    assert.equal(process.noNewPrivileges, true);
    assert.equal(process.seccomp, "filter");
    for (const target of [name, `${main?.pid}`]) {
      assert.equal((await terrarium.run(["inspect", target])).code, 0);
    }
  });
});
