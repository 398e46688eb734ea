import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import { ownNamespaces } from "../../helper/enter/namespaces.ts";
import { readStat } from "../../helper/kernel/procfs.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { sandboxSpec } from "../../helper/protocol/schemas.ts";
import { planIdentity } from "../../helper/sandboxes/identity/identity.ts";
import { sandboxOfFiles } from "../../helper/sandboxes/ofFiles.ts";
import {
  readReverts,
  removeUnfinishedReverts,
  writeRevert,
} from "../../helper/sandboxes/pendingReverts.ts";
import type { SandboxRecord } from "../../helper/sandboxes/record.ts";
import { findRecord, newId, openRegistry, type Registry } from "../../helper/sandboxes/registry.ts";
import { openStateDirectory } from "../../helper/sandboxes/stateDirectory.ts";

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-registry-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A registry of the test's own, never this machine's. */
function temporaryRegistry(t: TestContext): Registry {
  return openRegistry(openStateDirectory(temporaryFolder(t)));
}

const asker = { uid: 1000, gid: 1000, name: "dev", home: "/home/dev", shell: "/bin/sh" };

function record(id: string, name: string, createdAtMs = 0): SandboxRecord {
  return {
    format: 1,
    id,
    name,
    hostname: name,
    command: ["sh"],
    spec: sandboxSpec.parse({}),
    owner: 0,
    createdAtMs,
    lasting: false,
    keep: false,
    tty: false,
    identity: planIdentity(asker, "keep-id", undefined),
    cgroups: [],
    creator: { pid: process.pid, startTimeTicks: 0 },
    namespaces: {},
  };
}

const [idA, idB, idC] = ["0a1111111111", "0a1222222222", "b00000000000"] as const;

describe("records", () => {
  test("are read back as they were written, oldest first", (t) => {
    const registry = temporaryRegistry(t);
    const [young, old] = [record(idA, "young", 2), record(idB, "old", 1)];
    registry.write(young);
    registry.write(old);
    assert.deepEqual(registry.records(), [old, young]);
  });

  test("are replaced as a whole and removed as a whole", (t) => {
    const registry = temporaryRegistry(t);
    registry.write(record(idA, "before"));
    registry.write(record(idA, "after"));
    assert.deepEqual(
      registry.records().map(({ name }) => name),
      ["after"],
    );
    registry.remove(idA);
    registry.remove(idA);
    assert.deepEqual(registry.records(), []);
    assert.ok(!existsSync(registry.directoryOf(idA)));
  });

  test("that are half written, foreign or nonsense are nobody's", (t) => {
    const registry = temporaryRegistry(t);
    for (const [index, text] of [
      JSON.stringify(record(idA, "x")).slice(0, 50),
      "",
      "null",
      JSON.stringify({ ...record(idA, "x"), format: 2 }),
      JSON.stringify({ ...record(idA, "x"), id: "../../etc" }),
    ].entries()) {
      const directory = registry.directoryOf(`00000000000${index}`);
      mkdirSync(directory);
      writeFileSync(join(directory, "record.json"), text);
    }
    registry.write(record(idB, "good"));
    assert.deepEqual(
      registry.records().map(({ name }) => name),
      ["good"],
    );
  });

  test("that never got into place are removed, those of another version are not", (t) => {
    const registry = temporaryRegistry(t);
    const [unfinished, foreign] = [registry.directoryOf(idA), registry.directoryOf(idB)];
    mkdirSync(unfinished);
    writeFileSync(join(unfinished, ".record.json.4711"), "{");
    mkdirSync(foreign);
    writeFileSync(join(foreign, "record.json"), JSON.stringify({ format: 2 }));
    registry.write(record(idC, "good"));
    registry.removeUnfinished();
    assert.ok(!existsSync(unfinished) && existsSync(foreign));
    assert.equal(registry.records().length, 1);
  });

  test("leave no socket that nobody can be waiting at", (t) => {
    const registry = temporaryRegistry(t);
    const [old, young] = [registry.terminalSocket(), registry.terminalSocket()];
    for (const socket of [old, young]) writeFileSync(socket, "");
    const longAgo = Date.now() / 1000 - 600;
    utimesSync(old, longAgo, longAgo);
    registry.removeUnfinished();
    assert.ok(!existsSync(old) && existsSync(young));
  });

  test("have their exit beside them once the sandbox has ended", (t) => {
    const registry = temporaryRegistry(t);
    registry.write(record(idA, "x"));
    assert.equal(registry.exitOf(idA), undefined);
    const file = join(registry.directoryOf(idA), "exit.json");
    writeFileSync(file, '{"code":143,"signal":"SIGTERM"}');
    assert.deepEqual(registry.exitOf(idA), { code: 143, signal: "SIGTERM" });
    writeFileSync(file, '{"code":"143"}');
    assert.equal(registry.exitOf(idA), undefined);
  });
});

describe("a sandbox is found", () => {
  const records = [record(idA, "tides"), record(idB, "waves"), record(idC, idA)];
  const find = (target: string) => findRecord(records, target).id;

  test("by its id, its name or the beginning of its id", () => {
    assert.equal(find(idB), idB);
    assert.equal(find("waves"), idB);
    assert.equal(find("b00"), idC);
    assert.equal(find("0a12"), idB);
  });

  test("by its id first, although another bears that id as its name", () => {
    assert.equal(find(idA), idA);
    assert.equal(findRecord([...records].reverse(), idA).id, idA);
  });

  test("never by a beginning that fits several, or is too short to mean one", () => {
    assert.throws(
      () => find("0a1"),
      (error) =>
        TerrariumError.is(error, "ambiguousSandbox") &&
        assert.deepEqual(error.args.matches, [idA, idB]) === undefined,
    );
    for (const target of ["b0", "b", "", "tide", "."]) {
      assert.throws(
        () => find(target),
        (error) => TerrariumError.is(error, "noSuchSandbox"),
        target,
      );
    }
  });
});

test("ids are in hexadecimal, begin as no pid does, and do not repeat", () => {
  const ids = Array.from({ length: 1000 }, newId);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[a-f][0-9a-f]{11}$/);
});

describe("the state directory", () => {
  /** Through root's others get to the sockets that are theirs. */
  const passage = process.geteuid?.() === 0 ? 0o711 : 0o700;

  test("is this user's alone", (t) => {
    const state = openStateDirectory(temporaryFolder(t));
    for (const directory of [state.root, state.terminals]) {
      assert.equal(statSync(directory).mode & 0o777, passage);
    }
    assert.equal(statSync(state.sandboxes).mode & 0o777, 0o700);
  });

  test("is made private again when somebody opened it", (t) => {
    const folder = temporaryFolder(t);
    chmodSync(openStateDirectory(folder).root, 0o777);
    assert.equal(statSync(openStateDirectory(folder).root).mode & 0o777, passage);
  });

  test("is refused where a link or a file stands in its place", (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, "elsewhere"));
    symlinkSync(join(folder, "elsewhere"), join(folder, "terrarium"));
    assert.throws(
      () => openStateDirectory(folder),
      (error) => TerrariumError.is(error, "pathRefused"),
    );
  });
});

/** Another process that takes the registry's lock, says so, and waits to be killed. */
async function holdLock(t: TestContext, runtime: string): Promise<{ die(): Promise<void> }> {
  const here = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    const { openRegistry } = await import(${here("../../helper/sandboxes/registry.ts")});
    const { openStateDirectory } = await import(${here("../../helper/sandboxes/stateDirectory.ts")});
    const { pause } = await import(${here("../../helper/kernel/pause.ts")});
    const registry = openRegistry(openStateDirectory(${JSON.stringify(runtime)}));
    await registry.exclusively(() => { console.log("held"); pause(600_000); });
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const die = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  t.after(die);
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  assert.equal(line, "held");
  return { die };
}

describe("the lock", () => {
  test("keeps another helper out for as long as its holder lives, and no longer", async (t) => {
    const runtime = temporaryFolder(t);
    const registry = openRegistry(openStateDirectory(runtime));
    const holder = await holdLock(t, runtime);
    let entered = false;
    const waiting = registry.exclusively(() => {
      entered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(entered, false);
    await holder.die();
    await waiting;
    assert.equal(entered, true);
  });

  test("is given back when the work fails", async (t) => {
    const registry = temporaryRegistry(t);
    await assert.rejects(
      registry.exclusively(() => {
        throw new Error("work failed");
      }),
      /work failed/,
    );
    assert.equal(await registry.exclusively(() => "again"), "again");
  });

  test("lets one of two takers of a name have it", async (t) => {
    const registry = temporaryRegistry(t);
    const take = (id: string) =>
      registry.exclusively(() => {
        if (registry.records().some(({ name }) => name === "tides")) return false;
        registry.write(record(id, "tides"));
        return true;
      });
    const taken = await Promise.all([idA, idB, idC].map(take));
    assert.deepEqual(taken.filter(Boolean), [true]);
  });
});

test("of limits that wait to be put back only what was being written is removed", (t) => {
  const { state } = temporaryRegistry(t);
  const revert = { id: "0a1111111111", holder: { pid: 1, startTimeTicks: 0 }, changes: [] };
  writeRevert(state, revert);
  const cutShort = join(state.reverts, "0a1222222222.json.new");
  writeFileSync(cutShort, '{"id":"0a12');
  removeUnfinishedReverts(state);
  assert.deepEqual([readReverts(state), existsSync(cutShort)], [[revert], false]);
});

test("the files that a process sees are those of the sandbox that runs, not of one that had its inode before", () => {
  const { mnt = 0 } = ownNamespaces();
  const own = { pid: process.pid, startTimeTicks: readStat("self")?.startTimeTicks ?? 0 };
  const ended = {
    ...record("a".repeat(12), "ended"),
    namespaces: { mnt },
    init: { ...own, startTimeTicks: 1 },
  };
  const running = { ...record("b".repeat(12), "running"), namespaces: { mnt }, init: own };
  assert.equal(sandboxOfFiles([ended, running], process.pid), running);
  assert.equal(sandboxOfFiles([ended], process.pid), undefined);
  const cleanedUp = { ...ended, monitor: own };
  assert.equal(sandboxOfFiles([cleanedUp], process.pid), cleanedUp);
});
