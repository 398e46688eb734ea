import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const attacks = fileURLToPath(new URL("attacks/escape/", import.meta.url));

/** What an attacker would like to reach, made for the escape suite. */
export interface Outside {
  /** The static programs: `escape` and `jar`. */
  readonly programs: string;
  /** Where everything is, as attempts want it: environment variables. */
  readonly places: Readonly<Record<string, string>>;
  /** A folder with git and an editor's settings in it, and a set-uid program, of one owner. */
  makeWorkspace(name: string, owner: number): string;
  remove(): Promise<void>;
}

export async function makeOutside(): Promise<Outside> {
  const base = mkdtempSync(join(tmpdir(), "terrarium-escape-"));
  const remains: Remains = [() => rmSync(base, { recursive: true, force: true })];
  const remove = async () => {
    for (const work of remains.toReversed()) await work();
  };
  try {
    return { ...(await furnish(base, remains)), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

type Remains = (() => unknown)[];

async function furnish(base: string, remains: Remains): Promise<Omit<Outside, "remove">> {
  const at = (name: string) => join(base, name);
  chmodSync(base, 0o755);
  // With a directory that walk_out_of_root finds in every root, this one included.
  mkdirSync(at("programs/usr"), { recursive: true });
  buildPrograms(at("programs"));
  const makeWorkspace = (name: string, owner: number) =>
    fillWorkspace(at(name), at("programs/escape"), owner);
  makeWorkspace("workspace", 0);
  mkdirSync(at("outside"));
  writeFileSync(at("outside/note"), "seen\n");
  writeFileSync(at("outside/secret"), "secret\n", { mode: 0o600 });
  const sockets = ["workspace/service", "outside/service", "outside/editor"];
  const places = {
    CELL: at("programs"),
    WORKSPACE: at("workspace"),
    NOTE: at("outside/note"),
    SECRET: at("outside/secret"),
    HOST_NAME: hostname(),
    DISK: makeDisk(at("outside/disk"), remains),
    INTERFACE: makeInterface(remains),
    ...(await startServices(
      at("programs/outside"),
      ["outside/secret", ...sockets].map(at),
      remains,
    )),
  };
  return { programs: at("programs"), places, makeWorkspace };
}

/** Static, so that they run in any root directory. */
export function buildPrograms(directory: string): void {
  const alone = ["jar.c", "outside.c"];
  const sources = readdirSync(attacks).filter((name) => name.endsWith(".c"));
  const attempts = sources.filter((name) => !alone.includes(name));
  for (const files of [attempts, ...alone.map((name) => [name])]) {
    const program = join(directory, files === attempts ? "escape" : basename(`${files}`, ".c"));
    const inputs = files.map((name) => join(attacks, name));
    execFileSync("gcc", ["-std=gnu17", "-O1", "-static", "-o", program, ...inputs]);
  }
}

function fillWorkspace(workspace: string, program: string, owner: number): string {
  const at = (name: string) => join(workspace, name);
  mkdirSync(at(".git/hooks"), { recursive: true });
  mkdirSync(at(".vscode"));
  writeFileSync(at(".git/config"), "[core]\n");
  writeFileSync(at(".vscode/settings.json"), "{}\n");
  copyFileSync(program, at("set-uid"));
  execFileSync("chown", ["-R", `${owner}:${owner}`, workspace]);
  chmodSync(at("set-uid"), 0o4755);
  return workspace;
}

/** A block device that holds a file system: its number. */
function makeDisk(image: string, remains: Remains): string {
  writeFileSync(image, Buffer.alloc(1 << 20));
  execFileSync("mkfs.ext4", ["-q", "-F", image], { stdio: "ignore" });
  const node = execFileSync("losetup", ["--show", "-f", image], { encoding: "utf8" }).trim();
  remains.push(() => execFileSync("losetup", ["-d", node]));
  const { rdev } = statSync(node);
  return `${(rdev >> 8) & 0xfff}:${rdev & 0xff}`;
}

function makeInterface(remains: Remains): string {
  const name = `escape${process.pid}`;
  execFileSync("ip", ["link", "add", name, "type", "bridge"]);
  remains.push(() => execFileSync("ip", ["link", "del", name]));
  return name;
}

/** Where the services of attacks/escape/outside.c are, as it says. */
async function startServices(program: string, paths: readonly string[], remains: Remains) {
  const child = spawn(program, paths, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  remains.push(() => {
    child.stdin.end();
    return ended;
  });
  const places: Record<string, string> = {};
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "") break;
    const [name = "", value = ""] = line.split("=");
    places[name] = value;
  }
  return places;
}
