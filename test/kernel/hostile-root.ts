import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { idMaps, launch, type Result } from "./launcher.ts";
import { makeRootfs } from "./rootfs.ts";

/** A root directory that an attacker made, and a directory of the host in which nothing may appear. */
export interface HostileRoot {
  readonly rootfs: string;
  readonly canary: string;
  /** Runs busybox there, with these launcher options. */
  run(options: readonly string[], ...command: readonly string[]): Promise<Result>;
}

/** A busybox root directory with the caller's own additions, which the sandbox's root owns. */
export async function withHostileRoot(
  build: (rootfs: string, canary: string) => void,
  use: (root: HostileRoot) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "terrarium-rootfs-"));
  const [rootfs, canary] = [join(directory, "rootfs"), join(directory, "canary")];
  try {
    mkdirSync(canary);
    symlinkSync("busybox", join(makeRootfs(rootfs), "bin/sleep"));
    build(rootfs, canary);
    execFileSync("chown", ["-hR", "100000:100000", directory]);
    const run: HostileRoot["run"] = (options, ...command) =>
      launch(["run", ...idMaps, "--rootfs", rootfs, ...options, "--", "/bin/busybox", ...command]);
    await use({ rootfs, canary, run });
    assert.deepEqual(readdirSync(canary), [], "nothing was made outside");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
