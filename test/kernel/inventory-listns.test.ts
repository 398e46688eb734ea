import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync } from "node:fs";
import { describe, test } from "node:test";
import { noHoldings } from "../../helper/inventory/namespaces/holdings.ts";
import { readNamespaces } from "../../helper/inventory/namespaces/namespaces.ts";
import { readTasks } from "../../helper/inventory/tasks.ts";
import { KernelError } from "../../helper/kernel/errors.ts";
import { namespaceFlag, namespaceId, openNamespaceById } from "../../helper/kernel/libc.ts";
import { listNamespaces, type NamespaceCalls } from "../../helper/kernel/namespaceList.ts";
import { namespaceTypes } from "../../helper/protocol/namespaces.ts";
import { isRoot } from "./isolated.ts";
import { startNamespaceHost } from "./namespaceHost.ts";

/** Linux 6.18 gives ids and opens by them; the call that lists them came with 6.19, and is the one thing made up here. */
function needsIds(): string | false {
  if (!isRoot) return "needs root";
  const fd = openSync("/proc/self/ns/net", "r");
  try {
    closeSync(openNamespaceById(namespaceId(fd), nameOf(fd)));
    return false;
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return `this kernel opens no namespace by its id: ${error.message}`;
  } finally {
    closeSync(fd);
  }
}

function nameOf(fd: number) {
  return { flag: namespaceFlag(fd), inode: fstatSync(fd).ino };
}

/** As kernel/nstree.c has it: ids in order, those after `ns_id` of the request, as many as there is room for. */
function kernelThatLists(paths: readonly string[]): NamespaceCalls {
  const names = new Map<bigint, ReturnType<typeof nameOf>>();
  for (const path of paths) {
    const fd = openSync(path, "r");
    names.set(namespaceId(fd), nameOf(fd));
    closeSync(fd);
  }
  return {
    listns: (request, ids) => page([...names.keys()], request.readBigUInt64LE(8), ids),
    openById: (id) => openNamespaceById(id, names.get(id)),
  };
}

function page(all: readonly bigint[], after: bigint, ids: Buffer): number {
  const next = all.filter((id) => id > after).sort((a, b) => Number(a - b));
  const answered = next.slice(0, ids.length / 8);
  for (const [at, id] of answered.entries()) ids.writeBigUInt64LE(id, at * 8);
  return answered.length;
}

describe("on a kernel that lists its namespaces", { skip: needsIds() }, () => {
  test("one that nobody was seen to hold is listed with its owner, and kept by nobody", async (t) => {
    const held = await startNamespaceHost(t, 0);
    const [first] = held;
    assert.ok(first);
    // Descriptors 3 to 10 of the program are of the eight types.
    const kernel = kernelThatLists(
      held
        .filter(({ kind }) => kind === "descriptor")
        .flatMap((_, index) => [`/proc/${first.pid}/fd/${3 + index}`, "/proc/self/ns/net"]),
    );
    const { rows } = readNamespaces(readTasks(), noHoldings, undefined, listNamespaces(kernel));
    for (const type of namespaceTypes) {
      const expected = held.find((one) => one.kind === "descriptor" && one.type === type);
      const row = rows.find(({ inode }) => inode === expected?.inode);
      assert.equal(row?.type, type);
      assert.equal(row.ownerUid, 0);
      assert.deepEqual(row.keepers, []);
    }
  });

  test("what ended between the list and a look at it is left out", () => {
    const kernel = {
      ...kernelThatLists([]),
      listns: (_request: Buffer, ids: Buffer) => page([7n ** 20n], 0n, ids),
    };
    const { rows } = readNamespaces(readTasks(), noHoldings, undefined, listNamespaces(kernel));
    assert.ok(rows.every(({ id }) => id !== `${7n ** 20n}`));
  });
});

test("a long list is asked for page by page", () => {
  const all = Array.from({ length: 2_500 }, (_, index) => BigInt(index + 1));
  const asked: bigint[] = [];
  const list = listNamespaces({
    listns: (request, ids) => {
      asked.push(request.readBigUInt64LE(8));
      return page(all, request.readBigUInt64LE(8), ids);
    },
    openById: () => assert.fail("nothing is opened"),
  });
  assert.deepEqual(list?.ids, all);
  assert.deepEqual(asked, [0n, 1_024n, 2_048n]);
});

test("a kernel that does not know the call lists nothing, and that is no error", () => {
  const list = listNamespaces({
    listns: () => {
      throw new KernelError("listns", "ENOSYS");
    },
    openById: () => assert.fail("nothing is opened"),
  });
  assert.equal(list, undefined);
});
