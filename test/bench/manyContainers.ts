import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { rmdir } from "node:fs/promises";
import { join } from "node:path";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";

/**
 * Thousands of containers as a helper knows them: a cgroup that is called as Docker calls those of its containers, and
 * a process in it. What an engine would do for each is nobody's to measure here.
 */
export class ManyContainers {
  readonly #root: string;
  readonly #places: readonly string[];
  readonly #shell: ChildProcess;

  private constructor(root: string, places: readonly string[], shell: ChildProcess) {
    this.#root = root;
    this.#places = places;
    this.#shell = shell;
  }

  static async start(count: number): Promise<ManyContainers> {
    const unified = readCgroupMounts().hierarchies.find(({ version }) => version === 2);
    if (!unified) throw new Error("there is no hierarchy of version 2");
    const root = join(unified.mountPoint, `bench-${process.pid}`);
    const ids = Array.from({ length: count }, (_, at) => `f${at}`.padEnd(64, "f"));
    const places = ids.map((id) => join(root, "docker", id));
    for (const place of places) mkdirSync(place, { recursive: true });
    const shell = spawn("sh", ["-c", inEach], { stdio: ["pipe", "pipe", "inherit"] });
    shell.stdin.end(places.map((place) => `${place}/cgroup.procs\n`).join(""));
    await once(shell.stdout, "data");
    return new ManyContainers(root, places, shell);
  }

  freeze(at: number, isFrozen: boolean): void {
    writeFileSync(join(this.#places[at] ?? "", "cgroup.freeze"), isFrozen ? "1" : "0");
  }

  async stop(): Promise<void> {
    const ended = once(this.#shell, "exit");
    writeFileSync(join(this.#root, "cgroup.kill"), "1");
    this.#shell.kill("SIGKILL");
    await ended;
    // A process that was killed is in its cgroup until it has ended.
    const removal = { maxRetries: 50, retryDelay: 100 };
    for (const place of [...this.#places, join(this.#root, "docker"), this.#root])
      await removeDirectory(place, removal.maxRetries, removal.retryDelay);
  }
}

const inEach = `while read -r file; do (echo 0 > "$file"; exec busybox sleep 100000) & done
echo ready
exec busybox sleep 100000`;

async function removeDirectory(path: string, retries: number, delayMs: number): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (retries === 0) throw error;
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await removeDirectory(path, retries - 1, delayMs);
  }
}
