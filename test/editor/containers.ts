import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRootfs } from "../kernel/rootfs.ts";

/** Containers that Terrarium did not make, by engines that need no daemon. */

export interface Container {
  /** On the host, of its topmost process. */
  readonly pid: number;
  dispose(): void;
}

const runc = "/usr/sbin/runc";

/** Why there can be none here; undefined where there can. */
export function whyNoContainers(): string | undefined {
  if (process.geteuid?.() !== 0) return "runc wants root";
  return existsSync(runc) ? undefined : "runc is not installed";
}

/** One of runc, in a cgroup of its own with a limit of memory. */
export function startRunc(name: string, memoryBytes: number): Container {
  const folder = mkdtempSync(join(tmpdir(), "runc-"));
  const bundle = join(folder, "bundle");
  makeRootfs(join(bundle, "rootfs"));
  for (const directory of ["proc", "dev", "sys"]) mkdirSync(join(bundle, "rootfs", directory));
  execFileSync(runc, ["spec", "--bundle", bundle]);
  const file = join(bundle, "config.json");
  const spec = JSON.parse(readFileSync(file, "utf8"));
  spec.process.terminal = false;
  spec.process.args = ["sh", "-c", "busybox sleep 1000 & busybox sleep 2000; :"];
  spec.linux.resources.memory = { limit: memoryBytes };
  spec.linux.cgroupsPath = `/tides/${name}`;
  writeFileSync(file, JSON.stringify(spec));
  const client = (...words: string[]) =>
    execFileSync(runc, words, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
  execFileSync(runc, ["run", "-d", "-b", bundle, name], { stdio: "ignore" });
  return {
    pid: JSON.parse(client("state", name)).pid,
    dispose: () => {
      client("delete", "--force", name);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A program in bubblewrap, which gives nothing a name. */
export function startBubblewrap(): Container {
  const words = ["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc"];
  const child = spawn("bwrap", [...words, "sleep", "3000"], { stdio: "ignore" });
  return { pid: child.pid ?? 0, dispose: () => void child.kill("SIGKILL") };
}
