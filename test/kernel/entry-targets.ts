import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { processIds, readCommandLine, readStat } from "../../helper/kernel/procfs.ts";
import { type Cleanup, eventually, startSandbox, uniqueName } from "./cli.ts";
import {
  bubblewrapped,
  needsEngine,
  type OciSpec,
  openPodman,
  start,
  startDocker,
  startNspawn,
  startRunc,
} from "./engines.ts";

/** Containers of several makers, of which one process sleeps, each confined in another way. */

export interface Target {
  readonly pid: number;
  /** Its maker's own way to start one more process: the words before a command. */
  readonly own: readonly string[] | undefined;
}

export interface TargetMaker {
  readonly name: string;
  /** Options of a test. */
  readonly needs: ReturnType<typeof needsEngine>;
  /** `sleep`: the words of a command that sleeps, where there is a busybox or the host's programs. */
  make(t: Cleanup, sleep: readonly string[]): Promise<Target>;
}

let durations = 600_000;

/** A sleep unlike every other, so that it can be found. */
export const newSleep = (): readonly string[] => ["/bin/sleep", `${durations++}`];

/** The process that is this very command. */
export async function findProcess(command: readonly string[]): Promise<number> {
  const find = () =>
    processIds().find(
      (pid) =>
        readStat(pid)?.command === "sleep" && readCommandLine(pid)?.at(-1) === command.at(-1),
    );
  await eventually(`${command.join(" ")} runs`, find);
  const pid = find();
  if (pid === undefined) throw new Error(`${command.join(" ")} has ended`);
  return pid;
}

export const targetMakers: readonly TargetMaker[] = [
  { name: "runc", needs: needsEngine("runc"), make: (t, sleep) => makeRunc(t, sleep, plainSpec) },
  {
    name: "runc with a user namespace",
    needs: needsEngine("runc"),
    make: (t, sleep) => makeRunc(t, sleep, mappedSpec),
  },
  { name: "docker", needs: needsEngine("docker"), make: makeDocker },
  { name: "podman", needs: needsEngine("podman"), make: makePodman },
  {
    name: "bubblewrap",
    needs: needsEngine("bubblewrap"),
    make: async (t, sleep) => {
      const identity = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"];
      start(t, ...identity, "nice", "-n", "3", ...bubblewrapped, ...sleep);
      return { pid: await findProcess(sleep), own: undefined };
    },
  },
  {
    name: "systemd-nspawn",
    needs: needsEngine("nspawn"),
    make: async (t, sleep) => {
      startNspawn(t, uniqueName(), sleep);
      return { pid: await findProcess(sleep), own: undefined };
    },
  },
  {
    name: "terrarium",
    needs: needsEngine("terrarium"),
    make: async (t, sleep) => {
      const limits = ["--memory", "64m", "--cap-add", "NET_RAW", "--ulimit", "nofile=99:100"];
      const { name } = await startSandbox(t, limits, sleep);
      const own = [process.execPath, clientPath, "exec", name, "--"];
      return { pid: await findProcess(sleep), own };
    },
  },
];

export const clientPath = join(import.meta.dirname, "../../dist/bin/terrarium");

/** A user, groups, capabilities, filters, a umask and a place of its own. */
function plainSpec({ process, linux }: OciSpec): void {
  const kept = ["CAP_CHOWN", "CAP_NET_RAW"];
  Object.assign(process, {
    user: { uid: 1234, gid: 1235, umask: 0o27, additionalGids: [7, 1240] },
    capabilities: {
      bounding: kept,
      inheritable: kept,
      permitted: kept,
      ambient: kept,
      effective: kept,
    },
    noNewPrivileges: false,
    oomScoreAdj: 500,
    cwd: "/tmp",
    rlimits: [{ type: "RLIMIT_NOFILE", soft: 300, hard: 400 }],
  });
  linux["seccomp"] = {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names: ["sethostname", "syslog"], action: "SCMP_ACT_ERRNO" }],
  };
}

/** Ids that mean others outside. */
function mappedSpec({ linux }: OciSpec): void {
  const map = [{ containerID: 0, hostID: 200_000, size: 65_536 }];
  Object.assign(linux, { uidMappings: map, gidMappings: map });
  linux.namespaces.push({ type: "user" }, { type: "cgroup" });
}

async function makeRunc(
  t: Cleanup,
  sleep: readonly string[],
  change: (spec: OciSpec) => void,
): Promise<Target> {
  const id = uniqueName();
  startRunc(t, id, `/${id}`, (spec) => {
    Object.assign(spec.process, { args: sleep });
    change(spec);
  });
  return { pid: await findProcess(sleep), own: ["runc", "exec", id] };
}

/** In the words of both; Podman's user inside is known by a number only, too. */
const confined = [
  ...["--user", "65530:65531", "--group-add", "65532", "--cap-drop", "all"],
  ...["--network", "none", "--memory", "64m", "--ulimit", "nofile=123:456"],
];

async function makeDocker(t: Cleanup, sleep: readonly string[]): Promise<Target> {
  const { client, command } = await startDocker(t);
  client("run", "-d", "--name", "target", ...confined, "bench:1", ...sleep);
  return { pid: await findProcess(sleep), own: [...command, "exec", "target"] };
}

async function makePodman(t: Cleanup, sleep: readonly string[]): Promise<Target> {
  const { client, command, env } = openPodman(t);
  // Beside one limit that is named its own default of another stands, which not every root may raise.
  const limit = ["--ulimit", "nproc=1024:1024"];
  client("run", "-d", "--name", "target", ...confined, ...limit, "tree:1", ...sleep);
  const own = ["env", `CONTAINERS_CONF=${env["CONTAINERS_CONF"]}`, ...command, "exec", "target"];
  return { pid: await findProcess(sleep), own };
}

/** Of a child that was started detached. */
export async function endGroup(child: ChildProcess): Promise<void> {
  const ended = child.exitCode === null && child.signalCode === null && once(child, "exit");
  try {
    process.kill(-(child.pid ?? 0), "SIGKILL");
  } catch {
    // It has ended.
  }
  await ended;
}
