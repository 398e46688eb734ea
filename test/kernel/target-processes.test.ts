import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { connectHere } from "../../helper/faces/here.ts";
import { killProcess } from "../../helper/inspect/kill.ts";
import { inspectProcess } from "../../helper/inspect/process.ts";
import { readStat } from "../../helper/kernel/procfs.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { ProcessList } from "../../helper/protocol/inventory.ts";
import { openSandboxHost } from "../../helper/sandboxes/host.ts";
import { processesOfTarget } from "../../helper/sandboxes/targetProcesses.ts";
import { eventually, inspect, startSandbox } from "./cli.ts";
import { becomeStranger, needsRoot, startIsolated, startPlain } from "./isolated.ts";

const pidsOf = ({ processes }: ProcessList) => processes.map(({ pid }) => pid);

function startTime(pid: number): number {
  return readStat(pid)?.startTimeTicks ?? 0;
}

describe("the processes of a target", needsRoot, () => {
  test("of a sandbox are its members, with their users on the host", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const { processes } = await inspect(name);
    const listed = processesOfTarget(openSandboxHost(), name);
    assert.deepEqual(
      pidsOf(listed),
      processes.map(({ pid }) => pid),
    );
    assert.deepEqual(
      listed.processes.map(({ user }) => user),
      processes.map(({ uid }) => `${uid}`),
    );
  });

  test("of a cgroup are those in it and below it", async (t) => {
    const { name } = await startSandbox(t, ["-m", "64m"], ["sleep", "600"]);
    const { processes, cgroups } = await inspect(name);
    const [directory = ""] = Object.values(cgroups);
    const pids = processes.map(({ pid }) => pid).sort();
    assert.deepEqual(pidsOf(processesOfTarget(openSandboxHost(), directory)).sort(), pids);
    const parents = pidsOf(processesOfTarget(openSandboxHost(), dirname(directory)));
    assert.ok(pids.every((pid) => parents.includes(pid)));
  });

  test("are not those of a later process with its number, for whoever names the start time", async (t) => {
    const { pid } = await startPlain(t);
    const startTimeTicks = startTime(pid);
    const connection = connectHere();
    t.after(() => connection.dispose());
    const ask = (start: number) => {
      const process = { pid, startTimeTicks: start };
      const target = `${pid}@${start}`;
      return [
        connection.request("process/inspect", process),
        connection.request("process/mounts", process),
        connection.request("process/isolation", process),
        connection.request("target/processes", { target }),
        connection.request("limits/read", { target }),
        connection.request("limits/update", {
          target,
          limits: { ulimitCore: null },
          confirmed: true,
        }),
        connection.request("usage/sample", { targets: [target] }),
        connection.request("events/history", { targets: [target] }),
      ];
    };
    await Promise.all(ask(startTimeTicks).filter((_asked, index) => index !== 5));
    for (const asked of ask(startTimeTicks - 1)) {
      await assert.rejects(asked, (error) => TerrariumError.is(error, "noSuchProcess"));
    }
  });

  test("of a process are it and its descendants", async (t) => {
    const { pid } = await startPlain(
      t,
      "(sleep 601 & wait) & read -r pid rest < /proc/self/stat; echo $pid; wait",
    );
    const list = () => processesOfTarget(openSandboxHost(), `${pid}`).processes;
    // It is a shell, too, until it has become sleep.
    await eventually("the grandchild", () => list()[2]?.command === "sleep");
    assert.deepEqual(
      list().map(({ command }) => command),
      ["sh", "sh", "sleep"],
    );
    assert.equal(list()[0]?.user, "root");
  });

  test("that does not exist is refused", () => {
    assert.throws(
      () => processesOfTarget(openSandboxHost(), "4194304"),
      (error) => TerrariumError.is(error, "noSuchProcess"),
    );
  });
});

describe("a process", () => {
  test("is dated by the kernel's clock", async (t) => {
    const before = Date.now();
    const { pid } = await startPlain(t);
    const { startedAtMs } = inspectProcess(pid);
    // A tick is 10 ms, and both clocks are read one after the other.
    assert.ok(
      startedAtMs > before - 200 && startedAtMs < Date.now() + 200,
      `${startedAtMs - before}`,
    );
  });

  test("gets the signal that was chosen", async (t) => {
    const { pid } = await startPlain(t);
    killProcess({ pid, startTimeTicks: startTime(pid) }, "SIGTERM");
    await eventually("its end", () => (readStat(pid)?.state ?? "Z") === "Z");
  });

  test("is spared where its number was given to another since", async (t) => {
    const { pid } = await startIsolated(t, []);
    assert.throws(
      () => killProcess({ pid, startTimeTicks: startTime(pid) - 1 }, "SIGKILL"),
      (error) => TerrariumError.is(error, "noSuchProcess"),
    );
    assert.notEqual(readStat(pid)?.state ?? "Z", "Z");
  });

  test("of another user is not signalled for an ordinary one", needsRoot, async (t) => {
    const { pid } = await startPlain(t);
    const load = (path: string) =>
      pathToFileURL(`${import.meta.dirname}/../../helper/${path}`).href;
    const script = `
      import { killProcess } from "${load("inspect/kill.ts")}";
      import { pidfdOpen } from "${load("kernel/libc.ts")}";
      pidfdOpen(process.pid);
      ${becomeStranger}
      try {
        killProcess({ pid: ${pid}, startTimeTicks: ${startTime(pid)} }, "SIGKILL");
      } catch (error) {
        console.log(error.message);
      }
    `;
    const flags = ["--input-type=module", "--eval", script];
    const { stdout } = await promisify(execFile)(process.execPath, flags);
    assert.equal(
      stdout,
      `Cannot send SIGKILL to process ${pid} as this user: it needs root, or to be its user.\n`,
    );
    assert.notEqual(readStat(pid)?.state ?? "Z", "Z");
  });
});
