import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { whyOpen } from "./closed.ts";
import { type Loads, readLoads } from "./elf.ts";

/** What will run the helper, as root. */
export interface Runtime {
  /** For the plan. */
  readonly words: string;
  /** From the installation's directory. */
  readonly program: string;
  readonly files: readonly RuntimeFile[];
}

export interface RuntimeFile {
  readonly name: string;
  readonly mode: number;
  /** Opens it for reading; the caller closes it. */
  open(): number;
}

/** One that cannot be taken, and why. */
interface Refusal {
  readonly path: string;
  readonly reason: string;
}

const oldestNode = 20;
const systemNodes = ["/usr/bin/node", "/usr/local/bin/node"];

/** The Node that runs this; else one of the system's; else, in a desktop editor, its Electron. */
export function chooseRuntime(): Runtime {
  const refused: Refusal[] = [];
  for (const candidate of [ownNode, systemNode, ownElectron]) {
    const found = candidate();
    if (found === undefined) continue;
    if ("program" in found) return found;
    refused.push(found);
  }
  const reasons = refused.map(({ path, reason }) => `${path}: ${reason}`).join("; ");
  throw new Error(
    `There is no Node that root could run (${reasons}). Install the system's package nodejs, of version ${oldestNode} or later.`,
  );
}

/** What is running already: no path is resolved for it. */
const ownProgram = "/proc/self/exe";

function ownNode(): Runtime | Refusal | undefined {
  if (process.versions["electron"] !== undefined) return undefined;
  return nodeAt(ownProgram, readlinkSync(ownProgram), process.version);
}

function systemNode(): Runtime | Refusal | undefined {
  for (const path of systemNodes) {
    const real = realpathOf(path);
    if (real === undefined || whyOpen(real) !== undefined) continue;
    const { stdout } = spawnSync(real, ["--version"], { encoding: "utf8", env: {}, cwd: "/" });
    if (Number(/^v(\d+)\./.exec(stdout)?.[1]) >= oldestNode) {
      return nodeAt(real, real, stdout.trim());
    }
  }
  return undefined;
}

function nodeAt(path: string, shown: string, version: string): Runtime | Refusal {
  const reason = whyNotByRoot(path);
  if (reason !== undefined) return { path: shown, reason };
  const file = { name: "node", mode: 0o755, open: () => openSync(path, constants.O_RDONLY) };
  return { words: `Node ${version} (${shown})`, program: file.name, files: [file] };
}

/** What it needs beside itself to be a Node, of the files that it comes with. */
const electronFiles = /^(icudtl\.dat|snapshot_blob\.bin|v8_context_snapshot\.bin|lib\w+\.so)$/;

/** Started with ELECTRON_RUN_AS_NODE, as the editor starts its own command line. */
function ownElectron(): Runtime | Refusal | undefined {
  const version = process.versions["electron"];
  if (version === undefined) return undefined;
  const path = readlinkSync(ownProgram);
  const reason = whyNotByRoot(ownProgram);
  if (reason !== undefined) return { path, reason };
  const beside = readdirSync(dirname(path)).filter((name) => electronFiles.test(name));
  const program = "electron/editor";
  const files = [
    { name: program, mode: 0o755, open: () => openSync(ownProgram, constants.O_RDONLY) },
    ...beside.map((name) => ({
      name: `electron/${name}`,
      mode: 0o644,
      open: () => openSync(join(dirname(path), name), constants.O_RDONLY | constants.O_NOFOLLOW),
    })),
  ];
  return { words: `the editor's Electron ${version} (${path})`, program, files };
}

/** Why root would run what a user can change, if it ran this program from a directory of its own. */
function whyNotByRoot(path: string): string | undefined {
  const file = openSync(path, constants.O_RDONLY);
  try {
    const loads = readLoads(file);
    return loads === undefined ? "it is no 64-bit program" : whyOpenLoads(loads);
  } finally {
    closeSync(file);
  }
}

/** $ORIGIN is where the program lies, which will be root's; what leads up from there is not copied with it. */
const besideIt = /^\$(ORIGIN|\{ORIGIN\})(\/(?!(.*\/)?\.\.(\/|$)).*)?$/;

export function whyOpenLoads({ interpreter, libraries, searchPath }: Loads): string | undefined {
  const places = [
    ...(interpreter === undefined ? [] : [interpreter]),
    ...libraries.filter((name) => name.includes("/")),
    ...searchPath.filter((place) => !besideIt.test(place)),
  ];
  for (const place of places) {
    if (!place.startsWith("/")) return `it loads files from "${place}", wherever it is started`;
    const reason = whyOpen(realpathOf(place) ?? place);
    if (reason !== undefined) return `it loads ${basename(place)} from ${place}, but ${reason}`;
  }
  return undefined;
}

function realpathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
