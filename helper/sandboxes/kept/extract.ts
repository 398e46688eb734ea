import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { launcherPath } from "../../launch/process.ts";
import { idRangeSize } from "../identity/idRange.ts";
import { readHostView } from "../plan/hostView.ts";

/**
 * Runs the system's tar in a sandbox of its own, which sees its programs, the archive and the empty directory:
 * whatever is in the archive, tar can write nowhere else, make no device, and set no set-uid bit (the filter).
 * Answers what tar complains of.
 */
export async function extract(
  tarball: string,
  directory: string,
  idBase: number | undefined,
): Promise<string | undefined> {
  const child = start([
    "run",
    ...["--die-with", `${process.pid}`, "--env", "PATH=/usr/bin:/bin", "--env", "LC_ALL=C"],
    ...programs(),
    ...["--proc", "/proc", "--dev", "/dev", "--tmpfs-shared", "/tmp"],
    ...(idBase === undefined ? plain(tarball, directory) : idMapped(tarball, directory, idBase)),
    ...["--", "tar", "-x", "-f", "/archive", "-C", "/root", "--numeric-owner", ...content],
    ...(idBase === undefined ? ["--no-same-owner"] : ["--same-owner"]),
  ]);
  const [said] = await Promise.all([text(child.stderr), once(child, "close")]);
  if (child.exitCode === 0) return undefined;
  const [reason] = said.trim().split("\n");
  return reason?.slice(0, 200) || "tar ended without a word";
}

/** /dev is the sandbox's own, and without the bits that mean another user's rights. */
const content = ["--no-same-permissions", "--anchored", "--exclude=./dev/*", "--exclude=dev/*"];

function plain(tarball: string, directory: string): string[] {
  return ["--ro-bind", tarball, "/archive", "--bind", directory, "/root"];
}

/** Owners in the archive are owners on disk. */
function idMapped(tarball: string, directory: string, base: number): string[] {
  const map = `0 ${base} ${idRangeSize}`;
  return [
    ...["--uid-map", map, "--gid-map", map],
    ...["chown", "dac_override", "fowner"].flatMap((name) => ["--keep-cap", name]),
    ...["--ro-idmap-bind", tarball, "/archive", "--idmap-bind", directory, "/root"],
  ];
}

function programs(): string[] {
  const needless = ["/etc", "/opt"];
  return readHostView().flatMap((entry) => {
    if (needless.includes(entry.path)) return [];
    if (entry.kind === "symlink") return ["--symlink", entry.to, entry.path];
    return ["--ro-bind", entry.path, entry.path];
  });
}

/** Modes are the archive's: tar takes the umask from them. */
function start(words: readonly string[]) {
  const before = process.umask(0);
  try {
    return spawn(launcherPath(), words, { cwd: "/", env: {}, stdio: ["ignore", "ignore", "pipe"] });
  } finally {
    process.umask(before);
  }
}
