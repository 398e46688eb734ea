import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A root directory that holds busybox and nothing else. */
export function makeRootfs(directory: string): string {
  const bin = join(directory, "bin");
  mkdirSync(bin, { recursive: true });
  copyFileSync(busybox(), join(bin, "busybox"));
  symlinkSync("busybox", join(bin, "sh"));
  writeFileSync(join(directory, "marker"), "here\n");
  return directory;
}

function busybox(): string {
  const found = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));
  if (!found) throw new Error("busybox-static is not installed");
  return found;
}
