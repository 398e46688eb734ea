import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  asRoot,
  childrenOf,
  hostPrograms,
  idMaps,
  isAlive,
  launch,
  processesIn,
  start,
  startSleeper,
  stop,
  until,
  withDirectory,
} from "./launcher.ts";

const hostMounts = (): string => readFileSync("/proc/self/mountinfo", "utf8");

/** Directories in two v1 hierarchies and the v2 tree, removed if the test fails. */
async function withCgroups(use: (directories: readonly string[]) => Promise<void>): Promise<void> {
  const name = `terrarium-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const directories = ["pids", "cpu", "unified"]
    .map((hierarchy) => `/sys/fs/cgroup/${hierarchy}`)
    .filter(existsSync)
    .map((mount) => join(mount, name));
  for (const directory of directories) mkdirSync(directory);
  try {
    await use(directories);
  } finally {
    for (const directory of directories) if (existsSync(directory)) rmdirSync(directory);
  }
}

const asOptions = (cgroups: readonly string[]): string[] =>
  cgroups.flatMap((directory) => ["--cgroup", directory]);

async function timeToStart(): Promise<number> {
  const before = performance.now();
  const { session } = await startSleeper();
  const startMs = performance.now() - before;
  await stop(session);
  return startMs;
}

describe("what a sandbox leaves behind", asRoot, () => {
  it("is nothing: its cgroups held it and are removed", async () => {
    await withCgroups(async (cgroups) => {
      const { session, init, command } = await startSleeper(asOptions(cgroups));
      for (const cgroup of cgroups) {
        const inside = readFileSync(`${cgroup}/cgroup.procs`, "utf8")
          .trim()
          .split("\n")
          .map(Number);
        assert.deepEqual(inside.sort(), [init, command].sort());
      }
      await stop(session);
      assert.deepEqual(cgroups.filter(existsSync), []);
    });
  });

  it("shows its cgroup as the root of its own view", async () => {
    await withCgroups(async (cgroups) => {
      const args = [
        "run",
        ...idMaps,
        ...hostPrograms,
        ...asOptions(cgroups),
        "--",
        "grep",
        ":pids:",
        "/proc/self/cgroup",
      ];
      assert.match((await launch(args)).stdout, /:pids:\/\n$/);
    });
  });

  it("is nothing after init was killed", async () => {
    await withCgroups(async (cgroups) => {
      const { session, init, command } = await startSleeper(asOptions(cgroups));
      process.kill(init, "SIGKILL");
      await session.ended;
      assert.equal(isAlive(command), false);
      assert.deepEqual(cgroups.filter(existsSync), []);
    });
  });

  it("is nothing after a start that failed", async () => {
    await withCgroups(async (cgroups) => {
      const before = hostMounts();
      const options = [
        ...idMaps,
        ...hostPrograms,
        ...asOptions(cgroups),
        "--bind",
        "/no/such",
        "/x",
      ];
      const { code, events } = await launch(["run", ...options, "--", "true"]);
      assert.deepEqual([code, events[0]?.stage, events[0]?.path], [125, "mount", "/no/such"]);
      assert.deepEqual(cgroups.filter(existsSync), []);
      assert.equal(hostMounts(), before);
    });
  });

  it("row 30: is no process and no mount, at whatever moment the monitor is killed", async () => {
    const before = hostMounts();
    const seen = new Set<number>();
    // A machine that is slow, or made to be, gets to "ready" later.
    const startMs = await timeToStart();
    for (let round = 0; round < 60; round++) {
      const marker = `1${process.pid}${round}`;
      const session = start(["run", ...idMaps, ...hostPrograms, "--", "sleep", marker]);
      session.ready.then((pid) => seen.add(pid)).catch(() => undefined);
      await sleep(Math.random() * 1.2 * startMs);
      const children = childrenOf(session.process.pid ?? 0);
      session.process.kill("SIGKILL");
      await session.ended;
      await until(() => !children.some(isAlive), `round ${round}: ${children} are gone`);
      const left = spawnSync("pgrep", ["-f", `sleep ${marker}$`], { encoding: "utf8" }).stdout;
      assert.equal(left, "");
    }
    assert.ok(seen.size > 0, "some were killed late");
    assert.equal(hostMounts(), before);
  });

  it("is no process of its pid namespace", async () => {
    const { session } = await startSleeper();
    const { events } = await stop(session);
    assert.deepEqual(processesIn("pid", events[0]?.namespaces?.["pid"] ?? 0), []);
  });
});

describe("launcher --sync-fd at end of file", asRoot, () => {
  it("means that the creator died: everything is torn down", async () => {
    await withCgroups(async (cgroups) => {
      const session = start([
        "run",
        ...idMaps,
        ...hostPrograms,
        ...asOptions(cgroups),
        "--sync-fd",
        "4",
        "--",
        "true",
      ]);
      const init = await session.ready;
      const pipe = session.process.stdio[4];
      assert.ok(pipe && "end" in pipe);
      pipe.end();
      const { code, events } = await session.ended;
      assert.deepEqual([code, events[1]?.stage, events.at(-1)?.code], [125, "sync", 125]);
      assert.equal(isAlive(init), false);
      assert.deepEqual(cgroups.filter(existsSync), []);
    });
  });
});

describe("launcher --state-dir", asRoot, () => {
  it("is removed with all its files, and no link in it is followed", async () => {
    await withDirectory(async (directory) => {
      const state = join(directory, "state");
      const outside = join(directory, "outside");
      mkdirSync(state);
      writeFileSync(outside, "kept");
      writeFileSync(join(state, "spec.json"), "{}");
      symlinkSync(outside, join(state, "link"));
      const options = ["--state-dir", state, "--listen", join(state, "attach")];
      const session = start(["run", ...idMaps, ...hostPrograms, ...options, "--", "true"]);
      await session.ready;
      session.process.kill("SIGTERM");
      await session.ended;
      assert.deepEqual(readdirSync(directory), ["outside"]);
    });
  });

  it("keeps the ending in exit.json where that was asked for", async () => {
    await withDirectory(async (state) => {
      const options = ["--state-dir", state, "--keep-state"];
      await launch([
        "run",
        ...idMaps,
        ...hostPrograms,
        ...options,
        "--",
        "/bin/sh",
        "-c",
        "kill -TERM $$",
      ]);
      assert.deepEqual(readdirSync(state), ["exit.json"]);
      const ending = JSON.parse(readFileSync(join(state, "exit.json"), "utf8"));
      assert.deepEqual(ending, { code: 143, signal: "SIGTERM" });
    });
  });

  it("is refused where it is a symbolic link", async () => {
    await withDirectory(async (directory) => {
      const real = join(directory, "real");
      mkdirSync(real);
      writeFileSync(join(real, "kept"), "");
      symlinkSync(real, join(directory, "link"));
      const options = ["--state-dir", join(directory, "link")];
      const { code, events } = await launch([
        "run",
        ...idMaps,
        ...hostPrograms,
        ...options,
        "--",
        "true",
      ]);
      assert.deepEqual([code, events[0]?.stage], [125, "state"]);
      assert.deepEqual(readdirSync(real), ["kept"]);
    });
  });
});
