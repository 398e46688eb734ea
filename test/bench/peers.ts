import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { cache, makeTemporaryFolder } from "../rig/cache.ts";
import { runQuietly } from "../rig/quiet-command.mjs";

/** The others, started as their documentation says, in folders of their own. */

export const bwrap = ["bwrap", "--unshare-all", "--ro-bind", "/", "/"].concat(
  ...["--proc", "/proc", "--dev", "/dev", "/bin/true"],
);

/** A root file system of one static program. */
function makeRootfs(folder: string): void {
  for (const name of ["bin", "proc", "dev", "sys"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  for (const name of ["true", "sleep", "sh"])
    copyFileSync("/usr/bin/busybox", join(folder, "bin", name));
}

export interface Runc {
  /** Arguments of `runc run` for /bin/true, with a new id each time. */
  run(): readonly string[];
  /** Arguments of `runc exec` of /bin/true in a container that sleeps. */
  readonly exec: readonly string[];
  /** Of the process that sleeps. */
  readonly pid: number;
  dispose(): Promise<void>;
}

/** Two bundles with cpu, memory and pids limits. One of them runs until `dispose`. */
export async function openRunc(): Promise<Runc> {
  const folder = await makeTemporaryFolder("runc");
  const root = ["--root", join(folder, "state")];
  const once = await makeBundle(join(folder, "once"), ["/bin/true"]);
  const idle = await makeBundle(join(folder, "idle"), ["/bin/sleep", "3600"]);
  const idleId = `bench-${process.pid}`;
  // With its own terminal-less stdio: a detached container keeps what it was given.
  await runQuietly(["runc", ...root, "run", "-d", "-b", idle, idleId], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  let count = 0;
  return {
    run: () => ["runc", ...root, "run", "-b", once, `${idleId}-${count++}`],
    exec: ["runc", ...root, "exec", idleId, "/bin/true"],
    pid: pidOf(root, idleId),
    dispose: async () => {
      await runQuietly(["runc", ...root, "delete", "-f", idleId]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function pidOf(root: readonly string[], id: string): number {
  return JSON.parse(execFileSync("runc", [...root, "state", id], { encoding: "utf8" })).pid;
}

const limits = {
  cpu: { quota: 50_000, period: 100_000 },
  memory: { limit: 256 * 1024 * 1024 },
  pids: { limit: 64 },
};

async function makeBundle(folder: string, args: readonly string[]): Promise<string> {
  makeRootfs(join(folder, "rootfs"));
  await runQuietly(["runc", "spec"], { cwd: folder });
  const path = join(folder, "config.json");
  const config = JSON.parse(readFileSync(path, "utf8"));
  Object.assign(config.process, { terminal: false, args });
  // Its defaults raise a limit that not every root may raise.
  delete config.process.rlimits;
  Object.assign(config.linux.resources, limits);
  writeFileSync(path, JSON.stringify(config));
  return folder;
}

const srtVersion = "0.0.83";

/** Path of `srt`, installed into the git-ignored cache. */
export async function installSrt(): Promise<string> {
  const folder = join(cache, `srt-${srtVersion}`);
  const program = join(folder, "node_modules/.bin/srt");
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    await runQuietly(["npm", "install", `@anthropic-ai/sandbox-runtime@${srtVersion}`], {
      cwd: folder,
    });
  }
  return program;
}

export interface Docker {
  /** The client, told where the daemon listens. */
  readonly client: readonly string[];
  /** `docker run --rm` of /bin/true without a network. */
  readonly run: readonly string[];
  dispose(): Promise<void>;
}

/** A daemon of its own, with one image of 1 MB; it touches neither firewall nor network. */
export async function startDocker(place?: string): Promise<Docker> {
  const folder = place ?? (await makeTemporaryFolder("docker"));
  const host = `unix://${join(folder, "socket")}`;
  const daemon = spawn("/usr/sbin/dockerd", daemonOptions(folder, host), { stdio: "ignore" });
  // Another `docker` on the PATH may be of another version.
  const docker = ["/usr/bin/docker", "-H", host];
  try {
    await untilReady(docker);
    makeRootfs(join(folder, "image"));
    await runQuietly(["tar", "-C", join(folder, "image"), "-cf", join(folder, "image.tar"), "."]);
    await runQuietly([...docker, "import", join(folder, "image.tar"), "bench:1"]);
  } catch (error) {
    await stopDocker(daemon, folder);
    throw error;
  }
  return {
    client: docker,
    run: [...docker, "run", "--rm", "--network", "none", "bench:1", "/bin/true"],
    dispose: () => stopDocker(daemon, folder),
  };
}

function daemonOptions(folder: string, host: string): string[] {
  return [
    ...["--data-root", join(folder, "data"), "--exec-root", join(folder, "exec")],
    ...["--pidfile", join(folder, "pid"), "-H", host, "--bridge=none"],
    ...["--iptables=false", "--ip6tables=false", "--exec-opt", "native.cgroupdriver=cgroupfs"],
  ];
}

async function untilReady(docker: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      await runQuietly([...docker, "version"]);
      return;
    } catch {
      await sleep(100);
    }
  }
  throw new Error("dockerd did not answer within 10 s");
}

async function stopDocker(daemon: ChildProcess, folder: string): Promise<void> {
  if (daemon.exitCode === null) {
    const ended = once(daemon, "exit");
    daemon.kill("SIGTERM");
    await ended;
  }
  unmountBelow(folder);
  rmSync(folder, { recursive: true, force: true });
}

export interface Podman {
  /** The client, with storage of its own. */
  readonly client: readonly string[];
  dispose(): Promise<void>;
}

/** The words for a container of `bench:1`: its usual limits are more than every root may have. */
export const podmanRun = ["run", "-d", "--ulimit", "nofile=1024:1024"].concat(
  ...["--ulimit", "nproc=1024:1024", "--network", "none"],
);

/** One image of 1 MB; no daemon, no systemd, no network. */
export async function startPodman(): Promise<Podman> {
  const folder = await makeTemporaryFolder("podman");
  const places = ["--root", join(folder, "root"), "--runroot", join(folder, "run")];
  const podman = ["podman", ...places, "--tmpdir", join(folder, "tmp")].concat(
    ...["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"],
    ...["--events-backend", "file", "--runtime", "runc"],
  );
  makeRootfs(join(folder, "image"));
  await runQuietly(["tar", "-C", join(folder, "image"), "-cf", join(folder, "image.tar"), "."]);
  await runQuietly([...podman, "import", join(folder, "image.tar"), "bench:1"]);
  return {
    client: podman,
    dispose: async () => {
      await runQuietly([...podman, "rm", "--all", "--force", "--time", "0"]);
      for (const { mountPoint } of readCgroupMounts().hierarchies) {
        for (const cgroup of ["libpod_parent/conmon", "libpod_parent"]) {
          await removeEmpty(join(mountPoint, cgroup));
        }
      }
      unmountBelow(folder);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Podman leaves them; where another one runs they have something in them. */
async function removeEmpty(cgroup: string): Promise<void> {
  await rmdir(cgroup).catch(() => undefined);
}

/** It lets go of network namespaces in its own time, which may be after its end. */
function unmountBelow(folder: string): void {
  const targets = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((target) => target.startsWith(`${folder}/`));
  for (const target of targets.reverse()) execFileSync("umount", ["--lazy", target]);
}
