import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connectClient } from "../../helper/cli/connect.ts";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { type TableName, tableKeys, tableNames } from "../../helper/protocol/hostTables.ts";
import {
  type WatchedTableName,
  watchedTableNames,
} from "../../helper/protocol/inventoryChanges.ts";
import type { HelperConnection } from "../../helper/protocol/methods.ts";
import { terrarium } from "./cli.ts";
import { untilListening } from "./helper-process.ts";
import { needsRoot, startIsolated, startPlain } from "./isolated.ts";
import { Held } from "./watching.ts";

/**
 * 5,000 processes come and go while clients watch: in the end each has what somebody who asks now is told. The
 * machine's other processes may come and go, too, so that both are compared until they agree.
 */

const processes = 5_000;

/** Ends that nobody waits for at first, namespaces for an instant, and names that change. */
const churn = `
  i=0
  while [ $i -lt ${processes / 10} ]; do
    i=$((i + 1))
    true & true & true & true & true & true & true &
    sh -c 'exec true' &
    unshare --user --uts true &
    sh -c 'echo renamed > /proc/self/comm; sleep 0.02' &
    [ $((i % 20)) -ne 0 ] || wait
  done
  wait
`;

class Server {
  readonly path: string;
  #helper: ChildProcess | undefined;

  constructor(t: TestContext) {
    const folder = mkdtempSync(join(tmpdir(), "terrarium-churn-"));
    this.path = join(folder, "helper.sock");
    t.after(async () => {
      await this.kill();
      rmSync(folder, { recursive: true });
    });
  }

  async start(): Promise<void> {
    this.#helper = terrarium.start(["helper", "--socket", this.path]);
    await untilListening(this.path);
  }

  async kill(): Promise<void> {
    if (!this.#helper || this.#helper.exitCode !== null || this.#helper.signalCode !== null) return;
    const ended = once(this.#helper, "exit");
    this.#helper.kill("SIGKILL");
    await ended;
    rmSync(this.path, { force: true });
  }
}

interface Watching {
  readonly held: Held;
  readonly connection: HelperConnection;
  readonly socket: Socket;
}

async function watch(
  t: TestContext,
  { path }: Server,
  tables: readonly WatchedTableName[] = watchedTableNames,
): Promise<Watching> {
  const socket = connect(path);
  const connection = await connectClient(socket, "test");
  t.after(() => connection.dispose());
  const held = new Held((wanted) => connection.request("inventory/watch", { tables: wanted }));
  connection.onNotification("inventory/didChange", (change) => held.take(change));
  await held.watch(...tables);
  for (const name of tables) await until(() => held.inventory.tables[name]);
  return { held, connection, socket };
}

async function until(condition: () => unknown): Promise<void> {
  for (let attempt = 0; !condition() && attempt < 3_000; attempt += 1) await sleep(10);
  assert.ok(condition(), "it did not happen");
}

async function runChurn(): Promise<void> {
  const child = spawn("sh", ["-c", churn], { stdio: "ignore" });
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
}

/** Each table of the client is what "inventory/read" tells. */
async function assertCurrent(
  watching: Watching,
  names: readonly TableName[] = tableNames,
): Promise<void> {
  let differing: readonly string[] = [];
  for (let attempt = 0; attempt < 12; attempt += 1) {
    differing = await disagreements(watching, names);
    if (differing.length === 0) return;
  }
  assert.fail(`${differing.length} rows differ:\n${differing.slice(0, 3).join("\n")}`);
}

/**
 * Rows that are the same before and after are what the client must have; on a machine with other work some are
 * not. What is neither before nor after the client must not have.
 */
async function disagreements({ held, connection }: Watching, names: readonly TableName[]) {
  const before = await rowsNow(connection, names);
  await sleep(100);
  const told = texts(names.map((name) => [name, [...held.rows(name).values()]]));
  const after = await rowsNow(connection, names);
  const keys = [...new Set([...before.keys(), ...told.keys(), ...after.keys()])];
  const isWrong = (key: string) =>
    before.get(key) === after.get(key) && told.get(key) !== after.get(key);
  return keys
    .filter(isWrong)
    .map((key) => `${key}\n  told ${told.get(key)}\n  is   ${after.get(key)}`);
}

async function rowsNow(connection: HelperConnection, names: readonly TableName[]) {
  const report = await connection.request("inventory/read", { tables: [...names] });
  return texts(names.map((name) => [name, report[name] ?? []]));
}

/** Rows as text by table and key; properties in one order. */
function texts(tables: readonly (readonly [TableName, readonly object[]])[]) {
  return new Map(
    tables.flatMap(([name, rows]) => {
      const keyOf: (row: never) => string = tableKeys[name];
      return rows.map((row): [string, string] => [`${name} ${keyOf(row as never)}`, textOf(row)]);
    }),
  );
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part === null || typeof part !== "object" || Array.isArray(part)
      ? part
      : Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
}

async function sandboxesAgree({ held, connection }: Watching): Promise<void> {
  const told = await connection.request("sandbox/list", { all: true });
  const ids = () => [...(held.inventory.tables.sandboxes?.rows.keys() ?? [])].sort();
  await until(() => `${ids()}` === `${told.map(({ id }) => id).sort()}`);
}

/** What stays when the rest has gone: a process, namespaces and a cgroup with it. */
async function leaveSomething(t: TestContext): Promise<void> {
  const { hierarchies } = readCgroupMounts();
  const directory = join(hierarchies[0]?.mountPoint ?? "", `churned-${process.pid}`);
  mkdirSync(directory);
  const { pid, end } = await startPlain(t);
  await startIsolated(t, ["--user", "--uts", "--net"]);
  writeFileSync(join(directory, "cgroup.procs"), `${pid}`);
  t.after(async () => {
    await end();
    await until(() => isRemoved(directory));
  });
}

/** A cgroup is busy for a moment after its last process has ended. */
function isRemoved(directory: string): boolean {
  try {
    rmdirSync(directory);
  } catch {
    return !existsSync(directory);
  }
  return true;
}

describe("5,000 processes come and go,", needsRoot, () => {
  test("and whoever watched from before, from the middle, two tables, or did not read, agrees", async (t) => {
    const server = new Server(t);
    await server.start();
    const before = await watch(t, server);
    const some = await watch(t, server, ["namespaces", "sandboxes"]);
    const slow = await watch(t, server);
    slow.socket.pause();
    const churned = runChurn();
    await sleep(300);
    const middle = await watch(t, server);
    await leaveSomething(t);
    await churned;
    slow.socket.resume();
    for (const client of [before, middle, slow]) await assertCurrent(client);
    await assertCurrent(some, ["namespaces"]);
    for (const client of [before, middle, slow, some]) await sandboxesAgree(client);
    assert.deepEqual(Object.keys(some.held.inventory.tables).sort(), ["namespaces", "sandboxes"]);
    t.diagnostic(
      `changes told: ${before.held.changes.length}, to who did not read: ${slow.held.changes.length}`,
    );
  });

  test("and whoever watches a helper that is started anew agrees", async (t) => {
    const server = new Server(t);
    await server.start();
    const first = await watch(t, server);
    const churned = runChurn();
    await sleep(300);
    await server.kill();
    await server.start();
    const second = await watch(t, server);
    // As a client that did not notice would: it is told the whole.
    second.held.inventory = first.held.inventory;
    await second.held.watch(...watchedTableNames);
    await churned;
    await assertCurrent(second);
    await sandboxesAgree(second);
  });
});
