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
  bounds: Bounds = defaultBounds,
): Promise<string | undefined> {
  const child = start([
    "run",
    ...["--die-with", `${process.pid}`, "--env", "PATH=/usr/bin:/bin", "--env", "LC_ALL=C"],
    ...programs(),
    ...["--proc", "/proc", "--dev", "/dev", "--tmpfs-shared", "/tmp"],
    ...(idBase === undefined ? plain(tarball, directory) : idMapped(tarball, directory, idBase)),
    ...["--", "tar", "-x", "-f", "/archive", "-C", "/root", "--numeric-owner", ...content],
    ...boundOptions(bounds),
    ...(idBase === undefined ? ["--no-same-owner"] : ["--same-owner"]),
  ]);
  const [said] = await Promise.all([text(child.stderr), once(child, "close")]);
  if (child.exitCode === 0) return undefined;
  const [reason] = said.trim().split("\n");
  return reason?.slice(0, 200) || "tar ended without a word";
}

interface Bounds {
  /** Of the archive, unpacked; holes in its files do not count. */
  readonly bytes: number;
  /** Between two looks; tar counts records of 10 KiB. */
  readonly recordsBetween: number;
}

const defaultBounds: Bounds = { bytes: 64 * 1024 ** 3, recordsBetween: 1024 };

const recordBytes = 10 * 1024;

/**
 * A small archive can unpack to any number of bytes, or of empty files. tar says how far it is (checkpoints in
 * its manual), and a shell line beside it looks at that and at the disk: a twentieth of either stays free.
 */
function boundOptions({ bytes, recordsBetween }: Bounds): readonly string[] {
  const look = [
    'stop() { echo "$1" >&2; kill $PPID; exit; }',
    `[ $((TAR_CHECKPOINT * ${recordBytes})) -le ${bytes} ] || stop "it unpacks to more than ${inWords(bytes)}"`,
    "set -- $(stat -f -c '%a %b %d %c' /root)",
    '[ $(($1 * 20)) -ge $2 ] || stop "its files would leave less than a twentieth of the disk free"',
    '[ $(($3 * 20)) -ge $4 ] || stop "its files would leave the disk room for few others"',
  ];
  return [`--checkpoint=${recordsBetween}`, `--checkpoint-action=exec=${look.join("; ")}`];
}

const inWords = (bytes: number): string => `${bytes / 1024 ** 3} GiB`;

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
