import { execFile } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { promisify } from "node:util";
import { TerrariumError } from "../protocol/errors.ts";

/**
 * What brings a shell to a target that has none: a static program of the host with many names. The launcher copies it
 * into a root of its own beside the target's, which sees nothing of it (native/toolbox.c).
 */
export interface Toolbox {
  readonly program: string;
  /** Its names. */
  readonly tools: readonly string[];
}

/** Where distributions have busybox, the static one first. */
const places = [
  ...["/bin/busybox.static", "/usr/bin/busybox", "/bin/busybox"],
  ...["/usr/sbin/busybox", "/sbin/busybox"],
];

/** Where the target's root is, seen from a toolbox. */
export const targetRoot = "/target";

/** The shell of a toolbox. */
export const toolboxShell = "/bin/sh";

/** The program of this host's; undefined: there is none that needs no libraries. */
export function findToolbox(): string | undefined {
  return places.find(isStatic);
}

export const howToGetToolbox =
  "the host has no static busybox: Debian's and Ubuntu's package is busybox-static";

/** Asks the program for its names. Throws toolboxUnavailable. */
export async function openToolbox(program: string): Promise<Toolbox> {
  try {
    const options = { env: {}, timeout: 5_000, maxBuffer: 64 * 1024 };
    const { stdout } = await promisify(execFile)(program, ["--list"], options);
    const tools = stdout.split("\n").filter((name) => /^[\w.[-]+$/.test(name));
    const own = basename(program);
    return { program, tools: tools.filter((name) => name !== own) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TerrariumError("toolboxUnavailable", { why });
  }
}

/** elf(5): PT_INTERP names the loader of its libraries. */
const PT_INTERP = 3;

function isStatic(path: string): boolean {
  const head = readHead(path);
  if (head?.toString("latin1", 0, 5) !== "\x7fELF\x02") return false;
  const [at, size, count] = [
    Number(head.readBigUInt64LE(32)),
    head.readUInt16LE(54),
    head.readUInt16LE(56),
  ];
  for (let index = 0; index < count; index += 1) {
    const entry = at + index * size;
    if (entry + 4 > head.length || head.readUInt32LE(entry) === PT_INTERP) return false;
  }
  return true;
}

function readHead(path: string): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const head = Buffer.alloc(4096);
    return readSync(file, head, 0, head.length, 0) === head.length ? head : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** What says where programs and files are, as it has to be said beside the target's root. */
export function toolboxEnvironment(
  environment: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const { PATH = "", HOME = "/" } = environment;
  const folders = PATH.split(":").filter((folder) => folder.startsWith("/"));
  return {
    ...environment,
    PATH: ["/bin", ...folders.map((folder) => `${targetRoot}${folder}`)].join(":"),
    HOME: `${targetRoot}${HOME}`,
    SHELL: toolboxShell,
  };
}
