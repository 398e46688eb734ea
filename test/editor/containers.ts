import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRootfs } from "../kernel/rootfs.ts";

/** Containers that Terrarium did not make, by engines that need no daemon. */

export interface Container {
  /** On the host, of its topmost process. */
  readonly pid: number;
  dispose(): void;
}

/** One of runc's, which its client does more with. */
export interface RuncContainer extends Container {
  /** By the words of runc(8) before its name. */
  tell(...words: readonly string[]): void;
  /** Ends it, and starts it anew: the same container, of other processes. */
  restart(): void;
}

const runc = "/usr/sbin/runc";

/** Why there can be none here; undefined where there can. */
export function whyNoContainers(): string | undefined {
  if (process.geteuid?.() !== 0) return "runc wants root";
  return existsSync(runc) ? undefined : "runc is not installed";
}

/** One of runc, in a cgroup of its own with a limit of memory. */
export function startRunc(name: string, memoryBytes: number): RuncContainer {
  return startBundle(name, (bundle, spec) => {
    makeRootfs(join(bundle, "rootfs"));
    spec.process.args = ["sh", "-c", "busybox sleep 1000 & busybox sleep 2000; :"];
    spec.linux.resources.memory = { limit: memoryBytes };
  });
}

/** One without a shell: nothing but the program that runs. */
export function startShellless(name: string): RuncContainer {
  return startBundle(name, (bundle, spec) => {
    makeRootfs(join(bundle, "rootfs"));
    const bin = join(bundle, "rootfs", "bin");
    rmSync(join(bin, "sh"));
    renameSync(join(bin, "busybox"), join(bin, "sleep"));
    spec.process.args = ["/bin/sleep", "3000"];
  });
}

interface RuncSpec {
  readonly process: { args: readonly string[]; terminal: boolean };
  readonly linux: {
    readonly resources: { memory?: { readonly limit: number } };
    cgroupsPath: string;
  };
}

function startBundle(name: string, fill: (bundle: string, spec: RuncSpec) => void): RuncContainer {
  const folder = mkdtempSync(join(tmpdir(), "runc-"));
  const bundle = join(folder, "bundle");
  mkdirSync(bundle);
  execFileSync(runc, ["spec", "--bundle", bundle]);
  const file = join(bundle, "config.json");
  const spec: RuncSpec = JSON.parse(readFileSync(file, "utf8"));
  spec.process.terminal = false;
  spec.linux.cgroupsPath = `/tides/${name}`;
  fill(bundle, spec);
  for (const directory of ["proc", "dev", "sys"]) mkdirSync(join(bundle, "rootfs", directory));
  writeFileSync(file, JSON.stringify(spec));
  const client = (...words: readonly string[]) =>
    execFileSync(runc, words, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const start = () => execFileSync(runc, ["run", "-d", "-b", bundle, name], { stdio: "ignore" });
  const end = () => client("delete", "--force", name);
  start();
  return {
    get pid() {
      return JSON.parse(client("state", name)).pid;
    },
    tell: (...words) => client(...words, name),
    restart: () => {
      end();
      start();
    },
    dispose: () => {
      end();
      rmSync(folder, { recursive: true, force: true });
      removeCgroupAbove();
    },
  };
}

/** runc removes what it made for a container, and not what it made above. */
function removeCgroupAbove(): void {
  for (const directory of globSync("/sys/fs/cgroup/{tides,*/tides}")) {
    try {
      rmdirSync(directory);
    } catch {
      // Another one of ours is still in it.
    }
  }
}

/** A program in bubblewrap, which gives nothing a name. */
export function startBubblewrap(): Container {
  const words = ["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc"];
  const child = spawn("bwrap", [...words, "sleep", "3000"], { stdio: "ignore" });
  return { pid: child.pid ?? 0, dispose: () => void child.kill("SIGKILL") };
}
