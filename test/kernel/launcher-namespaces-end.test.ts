import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import {
  asRoot,
  childrenOf,
  hostPrograms,
  idMaps,
  isAlive,
  namespaceOf,
  processesIn,
  type Session,
  start,
  until,
} from "./launcher.ts";

/**
 * Without a pid namespace of the sandbox's own nothing in the kernel ends what a command leaves behind: here
 * a daemon, whose parent has ended, beside the command.
 */
const withDaemon = "(setsid sleep 1000 &); exec sleep 1000";
const words = ["/bin/sh", "-c", withDaemon];

interface Sharing {
  readonly session: Session;
  readonly init: number;
  /** Every process of the sandbox, known by the mount namespace. */
  readonly members: readonly number[];
}

async function startWithDaemon(t: TestContext, ...command: string[]): Promise<Sharing> {
  const session = start([
    ...["run", ...idMaps, ...hostPrograms, "--namespace", "pid", "host"],
    ...command,
  ]);
  t.after(() => session.process.kill("SIGKILL"));
  const init = await session.ready;
  const members = await until(() => {
    const found = processesIn("mnt", namespaceOf(init, "mnt"));
    return found.length === 3 && childrenOf(init).length === 2 && found;
  }, "the command and its daemon run below init");
  return { session, init, members };
}

const allEnd = (members: readonly number[]) =>
  until(() => !members.some(isAlive), "everything has ended");

describe("a sandbox among the host's processes ends whole", asRoot, () => {
  test("when its command ends", async (t) => {
    const { session, init, members } = await startWithDaemon(t, "--", ...words);
    const command = childrenOf(init).find((pid) => pid === Math.min(...childrenOf(init)));
    process.kill(command ?? 0, "SIGTERM");
    const { code } = await session.ended;
    assert.deepEqual([code, members.filter(isAlive)], [143, []]);
  });

  test("when its init is killed: the monitor adopts the rest", async (t) => {
    const { session, init, members } = await startWithDaemon(t, "--", ...words);
    process.kill(init, "SIGKILL");
    const { code } = await session.ended;
    assert.deepEqual([code, members.filter(isAlive)], [137, []]);
  });

  test("when its monitor is killed: init ends the rest", async (t) => {
    const { session, members } = await startWithDaemon(t, "--", ...words);
    session.process.kill("SIGKILL");
    await session.ended;
    await allEnd(members);
  });

  test("when the monitor of several processes is killed", async (t) => {
    const process = ["--process", "one", "no", ...words.flatMap((word) => ["--word", word])];
    const { session, members } = await startWithDaemon(t, ...process);
    session.process.kill("SIGKILL");
    await session.ended;
    await allEnd(members);
  });

  test("when its time is over", async (t) => {
    // All of it has to run by then.
    const options = ["--timeout", "3000", "--timeout-grace", "0"];
    const deaf = ["/bin/sh", "-c", `trap '' TERM; ${withDaemon}`];
    const { session, members } = await startWithDaemon(t, ...options, "--", ...deaf);
    const { code } = await session.ended;
    assert.deepEqual([code, members.filter(isAlive)], [124, []]);
  });

  test("and ends nobody else: a process of the same uid outside lives on", async (t) => {
    const other = await startWithDaemon(t, "--", ...words);
    const { session, init } = await startWithDaemon(t, "--", ...words);
    process.kill(init, "SIGKILL");
    await session.ended;
    assert.deepEqual(other.members.filter(isAlive), other.members);
  });
});
