import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { HelperConnection } from "../../helper/protocol/methods.ts";
import type { Contest } from "./contest.ts";
import { openRunc } from "./peers.ts";
import { raceCommands, raceFunctions } from "./race.ts";
import { launcher, run, withHelper } from "./works.ts";

/** Entering what somebody else started: with all that it is, against namespaces alone and against an engine's own way. */
export async function entry(): Promise<readonly Contest[]> {
  return [await byLauncher(), await byHelper()];
}

/** nsenter(1) copies no ids, capabilities, filters or limits. */
async function byLauncher(): Promise<Contest> {
  const own = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"];
  const target = spawn("unshare", [...own, "--fork", "--kill-child", "/bin/sleep", "3600"]);
  try {
    const pid = `${await childOf(target.pid ?? 0)}`;
    const follow = ["--pid", pid, "--namespaces", namespaces, "--follow", "--seccomp", "target"];
    const times = raceCommands(200, {
      ours: [launcher, "enter", ...follow, "--", "/bin/true"],
      theirs: ["nsenter", "-a", "-t", pid, "/bin/true"],
    });
    const work = "launcher enter --follow of /bin/true";
    return { work, unit: "ms", peer: "nsenter -a -t", ...times, bar: 1.3 };
  } finally {
    target.kill("SIGKILL");
  }
}

async function childOf(pid: number): Promise<number> {
  for (;;) {
    const child = Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"), 10);
    if (child > 0 && readFileSync(`/proc/${child}/comm`, "utf8") === "sleep\n") return child;
    await sleep(5);
  }
}

const namespaces = "mnt,uts,ipc,net,pid,cgroup";

function byHelper(): Promise<Contest> {
  return withHelper(async (connection) => {
    const runc = await openRunc();
    try {
      const times = await raceFunctions(40, {
        ours: () => enterAttached(connection, runc.pid),
        theirs: () => run(runc.exec),
      });
      const work = "enter a container of runc's through a warm helper";
      return { work, unit: "ms", peer: "runc exec", ...times, bar: 0.5 };
    } finally {
      await runc.dispose();
    }
  });
}

async function enterAttached(connection: HelperConnection, pid: number): Promise<void> {
  const args = ["/bin/true"];
  const { attach } = await connection.request("process/enter", { pid, args, stdio: "inherit" });
  if (attach) await run([attach.command, ...attach.args]);
}
