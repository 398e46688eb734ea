import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { belonging } from "../../helper/inventory/belonging.ts";
import {
  type HostCgroup,
  type HostContainer,
  type HostNamespace,
  type HostProcess,
  tableKeys,
} from "../../helper/protocol/hostTables.ts";

function container(id: string, parent?: HostContainer): HostContainer {
  return {
    ...{ engine: "docker", id, state: "running", pid: 1, startTimeTicks: 1, startedAtMs: 1 },
    ...{ cgroups: { pids: `/docker/${id}` }, ownNamespaces: [], evidence: [] },
    parent: parent && tableKeys.containers(parent),
  };
}

function member(pid: number, net: number): HostProcess {
  return {
    ...{ pid, nestedPids: [pid], parentPid: 0, uid: 0, command: "", commandLine: "" },
    ...{ startTimeTicks: pid, namespaces: { net }, cgroups: {} },
    ...{ isKernelThread: false, isZombie: false },
  };
}

function namespace(inode: number, isInitial = false): HostNamespace {
  return { type: "net", inode, isInitial, keepers: [], keepersLeftOut: 0 };
}

function cgroup(path: string, hierarchy = "pids"): HostCgroup {
  return { hierarchy, path, inode: 1, processes: 0, passesOn: [], isFrozen: false };
}

const outer = container("outer");
const inner = container("inner", outer);
const other = container("other");
const [outerKey, innerKey, otherKey] = [outer, inner, other].map(tableKeys.containers);
const containerOf = new Map<number, string>([
  [1, `${outerKey}`],
  [2, `${innerKey}`],
  [3, `${otherKey}`],
]);
const found = { containers: [outer, inner, other], containerOf };

/** Members of one namespace by pid; 4 is in no container. */
function ofNamespace(...pids: readonly number[]): string | undefined {
  const processes = pids.map((pid) => member(pid, 7));
  const rows = { processes, namespaces: [namespace(7)], cgroups: [] };
  return belonging(rows, found).namespaces[0]?.container;
}

describe("a namespace belongs to", () => {
  test("the container that its only members are in", () => assert.equal(ofNamespace(3), otherKey));
  test("the one around, where members are in that and in one inside", () =>
    assert.equal(ofNamespace(1, 2), outerKey));
  test("nobody, where members are in two, or one is in none", () => {
    assert.equal(ofNamespace(1, 3), undefined);
    assert.equal(ofNamespace(3, 4), undefined);
    assert.equal(ofNamespace(), undefined);
  });
  test("the host, where it is one of the host's own", () => {
    const rows = { processes: [member(3, 7)], namespaces: [namespace(7, true)], cgroups: [] };
    assert.equal(belonging(rows, found).namespaces[0]?.container, undefined);
  });
});

test("a cgroup belongs to the container whose directory it is, or lies in", () => {
  const paths = ["/docker/outer", "/docker/outer/a/b", "/docker/outerx", "/docker", "/"];
  const rows = { processes: [], namespaces: [], cgroups: paths.map((path) => cgroup(path)) };
  assert.deepEqual(
    belonging(rows, found).cgroups.map((row) => row.container),
    [outerKey, outerKey, undefined, undefined, undefined],
  );
  const elsewhere = { ...rows, cgroups: [cgroup("/docker/outer", "cpu")] };
  assert.equal(belonging(elsewhere, found).cgroups[0]?.container, undefined);
});

test("who keeps rows gets the same ones again, as long as nothing else is said of them", () => {
  const rows = { processes: [member(1, 7), member(4, 7)], namespaces: [namespace(7)], cgroups: [] };
  const [first, second] = [belonging(rows, found), belonging(rows, found)];
  assert.equal(first.processes[0]?.container, outerKey);
  assert.ok(second.processes.every((row, index) => row === first.processes[index]));
  assert.equal(
    belonging(rows, { containers: [], containerOf: new Map() }).processes[0],
    rows.processes[0],
  );
});
