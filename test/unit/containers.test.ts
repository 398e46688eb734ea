import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ContainerFinder } from "../../helper/inventory/containers/finder.ts";
import { tableKeys } from "../../helper/protocol/hostTables.ts";
import { captures } from "./container-captures.ts";
import { cgroupRows, contained, factsOf, find, processOf } from "./container-host.ts";

const id = "c".repeat(64);
const other = "d".repeat(64);

describe("a published capture", () => {
  for (const { what, source, cgroups, expected } of captures) {
    test(`is recognised: ${what} (${source})`, () => {
      // With mounts of its own, but otherwise as the host is: nothing but the path tells.
      const rows = find([processOf({ pid: 2, own: { mnt: 7 }, cgroups })]).concat(
        find([contained({ pid: 2, cgroups })]),
      );
      const known = rows.filter(({ engine }) => engine !== "unknown");
      if (expected === "none") return assert.deepEqual(known, []);
      const row = known.at(-1);
      assert.ok(row);
      for (const [key, value] of Object.entries(expected)) {
        assert.deepEqual(row[key as keyof typeof row], value, key);
      }
      assert.ok(row.evidence.some((evidence) => evidence.source === "cgroup path"));
    });
  }
});

describe("a container in a container's cgroup", () => {
  const outer = `/docker/${id}`;
  const inner = `${outer}/docker/${other}`;

  test("names that one, and its processes are in it alone", () => {
    const processes = [
      contained({ pid: 2, cgroups: { unified: outer } }),
      contained({ pid: 3, parentPid: 2, cgroups: { unified: inner } }),
    ];
    const { containers, containerOf } = new ContainerFinder().find(factsOf(processes));
    assert.deepEqual(containers.map(tableKeys.containers), [
      `docker:${id}`,
      `docker:${id}/docker:${other}`,
    ]);
    assert.deepEqual(
      processes.map((process) => containerOf.get(process.pid)),
      [`docker:${id}`, `docker:${id}/docker:${other}`],
    );
  });

  test("that claims the id of one on the host is another one", () => {
    const rows = find([
      contained({ pid: 2, cgroups: { unified: outer } }),
      contained({ pid: 3, parentPid: 2, cgroups: { unified: `${outer}/docker/${id}` } }),
    ]);
    assert.equal(new Set(rows.map(tableKeys.containers)).size, 2);
  });

  test("is looked for eight deep, however many there are", () => {
    const deep = `/docker/${id}`.repeat(200);
    const [row, ...more] = find([contained({ pid: 2, cgroups: { unified: deep } })]);
    assert.deepEqual(more, []);
    assert.equal(row?.cgroups["unified"], `/docker/${id}`.repeat(8));
  });
});

describe("whose cgroup a user may make", () => {
  const real = contained({ pid: 2, cgroups: { unified: `/docker/${id}` } });

  test("is the user's, and never a container of root's", () => {
    const path = `/user.slice/user-1000.slice/user@1000.service/docker-${id}.scope`;
    const lie = contained({ pid: 3, cgroups: { unified: path } });
    const { containers, containerOf } = new ContainerFinder().find(factsOf([real, lie]));
    assert.deepEqual(containers.map(tableKeys.containers), [`docker:${id}`, `docker:${id}@1000`]);
    assert.equal(containerOf.get(lie.pid), `docker:${id}@1000`);
  });

  test("is known by whom it was given to, wherever it is", () => {
    const cgroups = cgroupRows({ "/system.slice/build.service": { delegatedTo: 998 } });
    const path = `/system.slice/build.service/docker-${id}.scope`;
    const lie = contained({ pid: 3, cgroups: { unified: path } });
    const rows = find([real, lie], { cgroups });
    assert.deepEqual(
      rows.map(({ user }) => user),
      [undefined, 998],
    );
  });

  test("was not given away by being its container's own root's", () => {
    const cgroups = cgroupRows({ [`/docker/${id}`]: { delegatedTo: 100_000 } });
    assert.equal(find([real], { cgroups })[0]?.user, undefined);
  });
});

describe("a container", () => {
  test("is paused while its cgroup is frozen", () => {
    const cgroups = { unified: `/docker/${id}` };
    const rows = cgroupRows({ [`/docker/${id}`]: { isFrozen: true } });
    assert.equal(find([contained({ pid: 2, cgroups })], { cgroups: rows })[0]?.state, "paused");
    assert.equal(find([contained({ pid: 2, cgroups })])[0]?.state, "running");
  });

  test("shares what it shares: its own namespaces are those that differ from what is around it", () => {
    const pod = contained({ pid: 2, cgroups: { unified: `/docker/${id}` } });
    const inside = processOf({
      pid: 3,
      parentPid: 2,
      own: { ...pod.namespaces, pid: 77 },
      cgroups: { unified: `/docker/${id}/docker/${other}` },
    });
    assert.deepEqual(
      find([pod, inside]).map(({ ownNamespaces }) => ownNamespaces),
      [["pid", "mnt", "net"], ["pid"]],
    );
  });

  test("that joins another's pid namespace keeps its own processes", () => {
    const pause = contained({ pid: 2, cgroups: { unified: `/docker/${id}` } });
    const joined = processOf({
      pid: 3,
      namespaces: { ...pause.namespaces, mnt: 55 },
      nestedPids: [9, 7],
      cgroups: { unified: `/docker/${other}` },
    });
    const { containerOf } = new ContainerFinder().find(factsOf([pause, joined]));
    assert.equal(containerOf.get(joined.pid), `docker:${other}`);
  });

  test("started again under its id is the same row with another process", () => {
    const finder = new ContainerFinder();
    const cgroups = { unified: `/docker/${id}` };
    const [first] = finder.find(factsOf([contained({ pid: 2, cgroups })])).containers;
    const [second] = finder.find(factsOf([contained({ pid: 9, cgroups })])).containers;
    assert.ok(first && second);
    assert.equal(tableKeys.containers(first), tableKeys.containers(second));
    assert.notEqual(first.pid, second.pid);
  });

  test("is the same row, to the letter, when nothing has changed", () => {
    const finder = new ContainerFinder();
    const facts = factsOf([contained({ pid: 2, cgroups: { unified: `/docker/${id}` } })]);
    assert.deepEqual(finder.find(facts), finder.find(facts));
  });

  test("has all its descendants, with pid namespaces of their own too", () => {
    const processes = [
      contained({ pid: 2, command: "top" }),
      processOf({ pid: 3, parentPid: 2, own: { pid: 8 }, nestedPids: [3, 2, 1] }),
      processOf({ pid: 4, parentPid: 3, own: { pid: 9 }, nestedPids: [4, 3, 2, 1] }),
    ];
    const { containers, containerOf } = new ContainerFinder().find(factsOf(processes));
    assert.equal(containers.length, 1);
    assert.equal(new Set(containerOf.values()).size, 1);
    assert.equal(containerOf.size, 3);
  });
});

describe("a snap", () => {
  const unified = "/system.slice/snap.code.code.service";

  test("that is not confined has the host's mounts, and is no container", () => {
    assert.deepEqual(find([processOf({ pid: 2, cgroups: { unified } })]), []);
  });

  test("that is confined is one, though it has no pid namespace", () => {
    const [row] = find([
      processOf({ pid: 2, own: { mnt: 5 }, nestedPids: [2], cgroups: { unified } }),
    ]);
    assert.equal(row?.name, "code");
    assert.deepEqual(row?.ownNamespaces, ["mnt"]);
  });
});

describe("whatever processes say of themselves", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ..."docker libpod_parent kubepods kubepods.slice lxc lxc.payload payload terrarium .. system.slice".split(
        " ",
      ),
      ...[id, `docker-${id}.scope`, `crio-${id}`, `libpod-${id}`, `a:b:${id}`, "lxc.payload."],
      ...["user@1000.service", "user@99999999999.service", "machine-x.scope", "snap.a.b.scope"],
      "app-flatpak-a-1.scope",
      "kubepods-pod89f4f2cb511c3b0b7e5272cff5ec37bf.slice",
      "0123456789ab",
    ),
    fc.string({ unit: "binary", maxLength: 40 }),
  );
  const path = fc.array(piece, { maxLength: 12 }).map((parts) => `/${parts.join("/")}`);
  const inode = fc.integer({ min: 98, max: 120 });
  const anyProcess = fc.record({
    pid: fc.integer({ min: 1, max: 12 }),
    parentPid: fc.integer({ min: 0, max: 12 }),
    uid: fc.constantFrom(0, 1000),
    command: fc.constantFrom(
      "sh",
      "conmon",
      "bwrap",
      "containerd-shim",
      "systemd-nspawn",
      "lxc-start",
    ),
    commandLine: fc.string({ unit: "binary", maxLength: 80 }),
    cgroups: fc.dictionary(fc.constantFrom("unified", "memory"), path),
    // What is not known is absent.
    namespaces: fc.record(
      { pid: inode, mnt: inode, net: inode, user: inode },
      { requiredKeys: [] },
    ),
    nestedPids: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
  });

  test("recognition ends, and its rows are bounded, printable, and their parents are rows", () => {
    fc.assert(
      fc.property(fc.array(anyProcess, { maxLength: 16 }), (given) => {
        const processes = given.map((process) => processOf(process));
        const { containers, containerOf } = new ContainerFinder().find(factsOf(processes));
        const keys = containers.map(tableKeys.containers);
        assert.equal(new Set(keys).size, keys.length);
        for (const { parent } of containers)
          assert.ok(parent === undefined || keys.includes(parent));
        for (const key of containerOf.values()) assert.ok(keys.includes(key));
        for (const { cgroups: _, ...row } of containers) {
          assert.ok(JSON.stringify(row).length < 16_000);
          assert.match(`${row.id}${row.name}${row.pod?.name}`, /^\P{C}*$/u);
        }
      }),
      { numRuns: 500 },
    );
  });
});
