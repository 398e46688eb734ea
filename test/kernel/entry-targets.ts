import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childCgroups, readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { processIds, readCommandLine, readStat } from "../../helper/kernel/procfs.ts";
import { startDocker } from "../bench/peers.ts";
import { type Cleanup, eventually, startSandbox } from "./cli.ts";

/** Containers of several makers, of which one process sleeps, each confined in another way. */

export interface Target {
  readonly pid: number;
  /** Its maker's own way to start one more process: the words before a command. */
  readonly own: readonly string[] | undefined;
}

export interface TargetMaker {
  readonly name: string;
  readonly needs: string;
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
  { name: "runc", needs: "/usr/sbin/runc", make: (t, sleep) => startRunc(t, sleep, plainSpec) },
  {
    name: "runc with a user namespace",
    needs: "/usr/sbin/runc",
    make: (t, sleep) => startRunc(t, sleep, mappedSpec),
  },
  { name: "docker", needs: "/usr/sbin/dockerd", make: startInDocker },
  {
    name: "bubblewrap",
    needs: "/usr/bin/bwrap",
    make: (t, sleep) =>
      startChild(t, sleep, [
        ...["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "nice", "-n", "3"],
        ...["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"],
      ]),
  },
  {
    name: "systemd-nspawn",
    needs: "/usr/bin/systemd-nspawn",
    make: (t, sleep) => {
      const tree = makeTree(t);
      const flags = ["--register=no", "--keep-unit", "-q", "--as-pid2", "--console=pipe"];
      t.after(() => removeEmptyCgroups("payload", "supervisor"));
      return startChild(t, sleep, ["systemd-nspawn", ...flags, "-D", tree, "--private-network"]);
    },
  },
  {
    name: "terrarium",
    needs: "/proc",
    make: async (t, sleep) => {
      const limits = ["--memory", "64m", "--cap-add", "NET_RAW", "--ulimit", "nofile=99:100"];
      const { name } = await startSandbox(t, limits, sleep);
      const own = [process.execPath, clientPath, "exec", name, "--"];
      return { pid: await findProcess(sleep), own };
    },
  },
];

export const clientPath = join(import.meta.dirname, "../../dist/bin/terrarium");

/** A root file system of busybox. */
function makeTree(t: Cleanup): string {
  const tree = mkdtempSync(join(tmpdir(), "terrarium-tree-"));
  t.after(() => rmSync(tree, { recursive: true, force: true }));
  for (const name of ["bin", "dev", "etc", "proc", "run", "sys", "tmp", "usr"]) {
    mkdirSync(join(tree, name));
  }
  copyFileSync("/usr/bin/busybox", join(tree, "bin/busybox"));
  for (const name of ["sh", "sleep"]) symlinkSync("busybox", join(tree, "bin", name));
  return tree;
}

interface OciSpec {
  readonly process: Record<string, unknown>;
  readonly linux: Record<string, unknown> & { readonly namespaces: { type: string }[] };
}

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

async function startRunc(
  t: Cleanup,
  sleep: readonly string[],
  change: (spec: OciSpec) => void,
): Promise<Target> {
  const tree = makeTree(t);
  const folder = mkdtempSync(join(tmpdir(), "terrarium-runc-"));
  // Whoever its root is outside walks down to it.
  execFileSync("chmod", ["755", folder, tree]);
  const id = `target-${sleep.at(-1)}`;
  const runc = ["runc", "--root", join(folder, "state")];
  execFileSync("runc", ["spec"], { cwd: folder });
  const path = join(folder, "config.json");
  const spec = JSON.parse(readFileSync(path, "utf8"));
  spec.root.path = tree;
  // Its defaults raise a limit that not every root may raise.
  delete spec.process.rlimits;
  Object.assign(spec.process, { terminal: false, args: sleep });
  spec.linux.cgroupsPath = `/${id}`;
  change(spec);
  writeFileSync(path, JSON.stringify(spec));
  t.after(() => {
    execFileSync("runc", [...runc.slice(1), "delete", "-f", id], { stdio: "ignore" });
    rmSync(folder, { recursive: true, force: true });
  });
  execFileSync("runc", [...runc.slice(1), "run", "-d", "-b", folder, id], { stdio: "ignore" });
  return { pid: await findProcess(sleep), own: [...runc, "exec", id] };
}

async function startInDocker(t: Cleanup, sleep: readonly string[]): Promise<Target> {
  const daemon = await startDocker();
  const [program = "", ...words] = daemon.client;
  const docker = (...more: string[]) =>
    execFileSync(program, [...words, ...more], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  t.after(async () => {
    docker("rm", "-f", "target");
    await daemon.dispose();
    removeEmptyCgroups("docker");
  });
  const confined = ["--user", "65530:65531", "--group-add", "65532", "--cap-drop", "all"];
  const network = ["--network", "none", "--memory", "64m", "--ulimit", "nofile=123:456"];
  docker("run", "-d", "--name", "target", ...confined, ...network, "bench:1", ...sleep);
  return { pid: await findProcess(sleep), own: [...daemon.client, "exec", "target"] };
}

async function startChild(
  t: Cleanup,
  sleep: readonly string[],
  [program = "", ...words]: readonly string[],
): Promise<Target> {
  const child = spawn(program, [...words, ...sleep], { stdio: "ignore", detached: true });
  t.after(() => endGroup(child));
  return { pid: await findProcess(sleep), own: undefined };
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

/** Engines leave the cgroups that theirs were in. Those in which another container is stay. */
function removeEmptyCgroups(...names: readonly string[]): void {
  for (const name of names) {
    for (const { mountPoint } of readCgroupMounts().hierarchies)
      removeEmpty(join(mountPoint, name));
  }
}

function removeEmpty(directory: string): void {
  if (!existsSync(directory)) return;
  for (const name of childCgroups(directory)) removeEmpty(join(directory, name));
  try {
    rmdirSync(directory);
  } catch {
    // Another container is in it.
  }
}
