import { existsSync, lstatSync, readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { ownSocket, systemSocket } from "../../helper/protocol/helperSockets.ts";

/** What decides which helper serves the editor, and what stands in the way of root's; read once for each decision. */
export interface Surroundings {
  /** The editor's. */
  readonly uid: number;
  /** The extension's: a helper of another one does not serve it. */
  readonly version: string;
  /** Versions of root's helper that are installed. */
  readonly installed: readonly string[];
  /** Sockets of root's that can be believed; whether somebody still listens is another question. */
  readonly sockets: readonly string[];
  readonly hasPkexec: boolean;
  readonly hasSudo: boolean;
  /** A graphical session on this machine: there an agent of polkit's can ask. */
  readonly hasDesktop: boolean;
  /** No program that the editor starts can gain rights: prctl(2), PR_SET_NO_NEW_PRIVS. */
  readonly noNewPrivileges: boolean;
  /** The editor lives in a package that shuts the machine's own programs out. */
  readonly packaging?: "Flatpak" | "snap" | undefined;
}

/** Of the window: what VS Code alone knows. */
export interface Place {
  readonly version: string;
  /** By SSH, in WSL or in a container: nobody sits before a screen of this machine. */
  readonly isRemote: boolean;
}

export const installationRoot = "/usr/lib/terrarium";
const programDirectories = ["/usr/bin", "/bin"];

export function readSurroundings({ version, isRemote }: Place): Surroundings {
  const uid = process.getuid?.() ?? 0;
  return {
    uid,
    version,
    installed: installedVersions(),
    sockets: [systemSocket, ownSocket(uid)].filter(isOfRootOrOwn),
    hasPkexec: hasProgram("pkexec"),
    hasSudo: hasProgram("sudo"),
    hasDesktop: !isRemote && hasDisplay(process.env),
    noNewPrivileges: /^NoNewPrivs:\s*1$/m.test(readIfThere("/proc/self/status")),
    packaging: packagingOf(),
  };
}

/** The same with those sockets alone that answer: where systemd listens this starts root's helper. */
export async function withAnswering(around: Surroundings): Promise<Surroundings> {
  const found = await Promise.all(
    around.sockets.map(async (path) => ((await answers(path)) ? path : [])),
  );
  return { ...around, sockets: found.flat() };
}

export function helperProgram(version: string): string {
  return `${installationRoot}/${version}/terrarium-helper`;
}

function installedVersions(): readonly string[] {
  try {
    return readdirSync(installationRoot).filter((version) => existsSync(helperProgram(version)));
  } catch {
    return [];
  }
}

/**
 * Only root or this user can have made the socket, and nobody else can put another one in its place. The editor runs
 * the programs that a helper names, and Node does not tell who listens (SO_PEERCRED), so that the place has to.
 */
export function isOfRootOrOwn(path: string): boolean {
  try {
    const socket = lstatSync(path);
    return socket.isSocket() && isOurs(socket) && foldersAbove(path).every(isClosed);
  } catch {
    return false;
  }
}

/** Nobody else can rename or remove what is in it: inode(7), S_ISVTX. */
function isClosed(folder: string): boolean {
  const found = lstatSync(folder);
  const isSticky = (found.mode & 0o1000) !== 0;
  return found.isDirectory() && isOurs(found) && (isSticky || (found.mode & 0o022) === 0);
}

function isOurs({ uid }: Stats): boolean {
  return uid === 0 || uid === process.getuid?.();
}

/** Up to the root; a link on the way is no directory. */
function foldersAbove(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...foldersAbove(folder)];
}

export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("error", () => resolve(false));
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
  });
}

/** One without the set-uid bit, as in an image that was stripped of them, makes nobody root. */
function hasProgram(name: string): boolean {
  return programDirectories.some((directory) => {
    const found = statSync(`${directory}/${name}`, { throwIfNoEntry: false });
    return found !== undefined && found.uid === 0 && (found.mode & 0o4000) !== 0;
  });
}

function hasDisplay({ DISPLAY, WAYLAND_DISPLAY }: NodeJS.ProcessEnv): boolean {
  return (WAYLAND_DISPLAY ?? DISPLAY ?? "") !== "";
}

function packagingOf(): Surroundings["packaging"] {
  if (existsSync("/.flatpak-info")) return "Flatpak";
  // One of classic confinement, as VS Code's own is, has no label, or one that only complains.
  const label = readIfThere("/proc/self/attr/current");
  return /^snap\..*\(enforce\)/.test(label) ? "snap" : undefined;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
