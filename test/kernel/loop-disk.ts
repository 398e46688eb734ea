import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deviceNumber } from "../../helper/kernel/devices.ts";
import type { Cleanup } from "./cli.ts";

export interface LoopDisk {
  /** `/dev/loop0`. */
  readonly device: string;
  /** `7:0`. */
  readonly number: string;
  /** A file of 8 MiB on it, in a directory of its own. */
  readonly folder: string;
}

/** A disk in a file, with a file system: what is limited there disturbs nobody else. */
export function makeLoopDisk(t: Cleanup): LoopDisk {
  const home = mkdtempSync(join(tmpdir(), "terrarium-disk-"));
  const image = join(home, "image");
  const mount = join(home, "mount");
  run("truncate", "--size=64M", image);
  run("mkfs.ext4", "-q", image);
  mkdirSync(mount);
  const device = run("losetup", "--find", "--show", image);
  run("mount", device, mount);
  // A sandbox may hold it still: then the kernel lets go of the device when that ends.
  t.after(() => {
    run("umount", mount);
    run("losetup", "--detach", device);
    rmSync(home, { recursive: true });
  });
  const folder = join(mount, "data");
  mkdirSync(folder, { mode: 0o777 });
  writeFileSync(join(folder, "file"), Buffer.alloc(8 * 1024 * 1024, 1), { mode: 0o666 });
  run("sync", "--file-system", mount);
  return { device, number: deviceNumber(statSync(device, { bigint: true }).rdev), folder };
}

function run(program: string, ...words: readonly string[]): string {
  return execFileSync(program, words, { encoding: "utf8" }).trim();
}
