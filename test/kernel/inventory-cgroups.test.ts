import assert from "node:assert/strict";
import { chownSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { type CgroupRow, readCgroupTree } from "../../helper/inventory/cgroups/tree.ts";
import { readSnapshot } from "../../helper/inventory/snapshot.ts";
import {
  type CgroupMount,
  readCgroupMounts,
  writeCgroupFile,
} from "../../helper/kernel/cgroupfs.ts";
import { eventually } from "./cli.ts";
import { needsRoot, startPlain, strangerId } from "./isolated.ts";

/** A cgroup of this test, and what is said of it. */
interface Made {
  readonly directory: string;
  row(): CgroupRow | undefined;
  processes(): number | undefined;
}

/** What a test did is undone from the end: node:test runs its hooks from the beginning. */
type Undo = (work: () => void) => void;

function undoing(t: TestContext): Undo {
  const works: (() => void)[] = [];
  t.after(() => {
    for (const work of works.toReversed()) work();
  });
  return (work) => works.push(work);
}

function make(undo: Undo, { id, mountPoint }: CgroupMount, name: string): Made {
  const directory = join(mountPoint, name);
  mkdirSync(directory);
  undo(() => rmdirSync(directory));
  const isThis = ({ hierarchy, path }: CgroupRow) => hierarchy === id && path === `/${name}`;
  return {
    directory,
    row: () => readCgroupTree(readCgroupMounts()).rows.find(isThis),
    processes: () => readSnapshot().cgroups.find(isThis)?.processes,
  };
}

function hierarchyWith(isWanted: (mount: CgroupMount) => boolean): CgroupMount | undefined {
  return readCgroupMounts().hierarchies.find(isWanted);
}

const unified = hierarchyWith(({ version }) => version === 2);
const freezer = hierarchyWith(
  ({ version, controllers }) => version === 1 && controllers.includes("freezer"),
);
const name = `told-${process.pid}`;

describe("of a cgroup is told", needsRoot, () => {
  test("in each hierarchy its own row, with its inode: one made anew under the name is another", (t) => {
    const undo = undoing(t);
    for (const mount of readCgroupMounts().hierarchies) {
      const first = make(undo, mount, `${name}-a`);
      const inode = first.row()?.inode;
      assert.ok(inode, mount.id);
      rmdirSync(first.directory);
      assert.equal(first.row(), undefined);
      mkdirSync(first.directory);
      assert.notEqual(first.row()?.inode, inode, mount.id);
    }
  });

  test("to whom it was given", (t) => {
    const undo = undoing(t);
    const mount = unified ?? freezer;
    assert.ok(mount);
    const made = make(undo, mount, name);
    assert.equal(made.row()?.delegatedTo, undefined);
    chownSync(made.directory, strangerId, strangerId);
    assert.equal(made.row()?.delegatedTo, strangerId);
  });

  test("that version 2 has frozen it", { skip: unified ? false : "no cgroup2 here" }, async (t) => {
    const undo = undoing(t);
    assert.ok(unified);
    const made = make(undo, unified, name);
    assert.equal(made.row()?.isFrozen, false);
    writeFileSync(join(made.directory, "cgroup.freeze"), "1");
    await eventually("it is frozen", () => made.row()?.isFrozen === true);
  });

  test("that version 1 has frozen it, or one above it", {
    skip: freezer ? false : "no freezer of version 1 here",
  }, async (t) => {
    const undo = undoing(t);
    assert.ok(freezer);
    const { pid } = await startPlain(t);
    const made = make(undo, freezer, name);
    const inner = make(undo, freezer, `${name}/inner`);
    writeFileSync(join(inner.directory, "cgroup.procs"), `${pid}`);
    undo(() => writeFileSync(join(freezer.mountPoint, "cgroup.procs"), `${pid}`));
    undo(() => writeFileSync(join(made.directory, "freezer.state"), "THAWED"));
    writeFileSync(join(made.directory, "freezer.state"), "FROZEN");
    await eventually("both are frozen", () => [made, inner].every((one) => one.row()?.isFrozen));
    assert.equal(inner.processes(), 1);
    assert.equal(made.processes(), 0);
  });

  test("that it is threaded, and its parent's domain", {
    skip: unified ? false : "no cgroup2 here",
  }, (t) => {
    const undo = undoing(t);
    assert.ok(unified);
    const made = make(undo, unified, name);
    const inner = make(undo, unified, `${name}/inner`);
    assert.equal(inner.row()?.type, undefined);
    writeFileSync(join(inner.directory, "cgroup.type"), "threaded");
    assert.equal(inner.row()?.type, "threaded");
    assert.equal(made.row()?.type, "domain threaded");
  });

  test("which controllers it passes on", {
    skip: unified?.controllers.length ? false : "no controller of version 2 here",
  }, (t) => {
    const undo = undoing(t);
    assert.ok(unified);
    const [controller] = unified.controllers;
    const top = join(unified.mountPoint, "cgroup.subtree_control");
    if (!readFileSync(top, "utf8").split(/\s/).includes(`${controller}`)) {
      const refused = writeCgroupFile(
        unified.mountPoint,
        "cgroup.subtree_control",
        `+${controller}`,
      );
      if (refused) return t.skip(`processes are where the tree begins: ${refused}`);
      undo(() => writeFileSync(top, `-${controller}`));
    }
    const made = make(undo, unified, name);
    assert.deepEqual(made.row()?.passesOn, []);
    writeFileSync(join(made.directory, "cgroup.subtree_control"), `+${controller}`);
    assert.deepEqual(made.row()?.passesOn, [controller]);
  });
});

test("no path leads out of what the helper sees, and every hierarchy has a root", () => {
  const { host, cgroups, processes } = readSnapshot();
  const paths = [
    ...cgroups.map(({ path }) => path),
    ...processes.flatMap((row) => Object.values(row.cgroups)),
  ];
  assert.ok(paths.every((path) => path.startsWith("/") && !path.startsWith("/..")));
  for (const { id } of host.hierarchies) {
    assert.ok(
      cgroups.some((row) => row.hierarchy === id && row.path === "/"),
      id,
    );
  }
});
