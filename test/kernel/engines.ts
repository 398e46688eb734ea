import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childCgroups, readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { startDocker as startDaemon } from "../bench/peers.ts";
import { type Cleanup, eventually } from "./cli.ts";

/**
 * Real container engines, each in folders of its own and without touching firewall or network. What is started ends
 * with the test.
 */

/** A client: answers what it printed. */
export type Client = (...words: readonly string[]) => string;

const programs = {
  docker: "/usr/sbin/dockerd",
  podman: "/usr/bin/podman",
  containerd: "/usr/bin/ctr",
  runc: "/usr/sbin/runc",
  crun: "/usr/bin/crun",
  lxc: "/usr/bin/lxc-start",
  nspawn: "/usr/bin/systemd-nspawn",
  bubblewrap: "/usr/bin/bwrap",
  chromium: "/usr/bin/chromium",
  terrarium: "/proc",
} as const;

/** Options of a test: it wants root and this engine. */
export function needsEngine(engine: keyof typeof programs) {
  const reason = existsSync(programs[engine]) ? false : `${programs[engine]} is not installed`;
  return { skip: process.geteuid?.() === 0 ? reason : "needs root", timeout: 120_000 };
}

/** All of it belongs to root, as an engine's state does. */
function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), "engine-"));
}

function removeFolder(folder: string): void {
  for (const target of mountsBelow(folder)) execFileSync("umount", ["--lazy", target]);
  rmSync(folder, { recursive: true, force: true });
}

function mountsBelow(folder: string): readonly string[] {
  const points = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "");
  return points.filter((point) => point.startsWith(`${folder}/`)).reverse();
}

/** A root file system of busybox. */
export function makeTree(folder: string): string {
  for (const name of ["bin", "dev", "etc", "proc", "run", "sys", "tmp", "usr"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  copyFileSync("/usr/bin/busybox", join(folder, "bin/busybox"));
  for (const name of ["sh", "sleep"]) symlinkSync("busybox", join(folder, "bin", name));
  return folder;
}

/** Engines leave the cgroups that theirs were in. Those in which another container is stay. */
export function removeEmptyCgroups(...names: readonly string[]): void {
  const { hierarchies } = readCgroupMounts();
  for (const name of names) {
    for (const { mountPoint } of hierarchies) removeEmpty(join(mountPoint, name));
  }
}

function removeEmpty(directory: string): void {
  for (const name of childCgroups(directory)) removeEmpty(join(directory, name));
  answers(() => rmdirSync(directory));
}

function clientOf(command: readonly string[], env: NodeJS.ProcessEnv = process.env): Client {
  const [program = "", ...before] = command;
  const stdio = ["ignore", "pipe", "pipe"] as const;
  return (...words) =>
    execFileSync(program, [...before, ...words], {
      encoding: "utf8",
      stdio: [...stdio],
      env,
    }).trim();
}

export async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

function killGroup({ pid }: ChildProcess): void {
  if (pid !== undefined) answers(() => process.kill(-pid, "SIGKILL"));
}

export interface Docker {
  readonly client: Client;
  readonly command: readonly string[];
  /** Of its state and its socket. */
  readonly folder: string;
}

/** Its image is `bench:1`. */
export async function startDocker(t: Cleanup): Promise<Docker> {
  const folder = makeFolder();
  const daemon = await startDaemon(folder);
  const client = clientOf(daemon.client);
  t.after(async () => {
    const ids = client("ps", "-aq").split("\n").filter(Boolean);
    if (ids.length > 0) client("rm", "-f", ...ids);
    await daemon.dispose();
    removeEmptyCgroups("docker");
  });
  return { client, command: daemon.client, folder };
}

export interface Podman {
  readonly client: Client;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Its defaults raise limits that not every root may raise. */
const podmanConfig = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
`;

/** Its image is `tree:1`. `uid`: the user whose Podman it is. */
export function openPodman(t: Cleanup, uid = 0): Podman {
  const folder = makeFolder();
  writeFileSync(join(folder, "containers.conf"), podmanConfig);
  const archive = join(folder, "tree.tar");
  execFileSync("tar", ["-C", makeTree(join(folder, "tree")), "-cf", archive, "."]);
  execFileSync("chown", ["-R", `${uid}:${uid}`, folder]);
  const env = {
    ...process.env,
    HOME: folder,
    XDG_RUNTIME_DIR: folder,
    CONTAINERS_CONF: join(folder, "containers.conf"),
  };
  const identity = ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const command = [...(uid === 0 ? [] : identity), ...podmanIn(folder)];
  const client = clientOf(command, env);
  client("import", archive, "tree:1");
  t.after(() => {
    client("pod", "rm", "-fa", "-t", "0");
    client("rm", "-fa", "-t", "0");
    // It ends the process that keeps a user's namespaces.
    if (uid !== 0) client("system", "migrate");
    removeFolder(folder);
    removeEmptyCgroups("libpod_parent");
  });
  return { client, command, env };
}

function podmanIn(folder: string): readonly string[] {
  return [
    ...["podman", "--root", join(folder, "root"), "--runroot", join(folder, "run")],
    ...["--tmpdir", join(folder, "tmp"), "--storage-driver", "vfs", "--events-backend", "file"],
    ...["--cgroup-manager", "cgroupfs", "--runtime", "runc"],
  ];
}

/** A client of one of its namespaces. `tree` is a root file system to run, `socket` where it answers. */
export interface Containerd {
  client(namespace: string): Client;
  readonly tree: string;
  readonly socket: string;
}

/** `before`: a program that starts the daemon, in another place. */
export async function startContainerd(
  t: Cleanup,
  before: readonly string[] = [],
): Promise<Containerd> {
  const folder = makeFolder();
  const address = join(folder, "socket");
  const config = join(folder, "config.toml");
  writeFileSync(
    config,
    `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${address}"
`,
  );
  const [program = "", ...words] = [...before, "containerd", "-c", config];
  const daemon = spawn(program, words, { stdio: "ignore" });
  const client = (namespace: string) => clientOf(["ctr", "-a", address, "-n", namespace]);
  t.after(async () => {
    for (const namespace of client("default")("namespaces", "list", "-q").split("\n")) {
      await removeTasks(client(namespace));
    }
    // unshare(1) lets nothing else disturb its waiting.
    await end(daemon, before.length > 0 ? "SIGKILL" : "SIGTERM");
    removeFolder(folder);
    removeEmptyCgroups("default");
  });
  await eventually("containerd answers", () => answers(() => client("default")("version")));
  return { client, tree: makeTree(join(folder, "tree")), socket: address };
}

/** An image of `tree`, as `docker save` writes them: the image specification of Docker, 1.2. */
export function importImage(client: Client, tree: string, name: string): void {
  const folder = mkdtempSync(join(tree, "../image-"));
  execFileSync("tar", ["-C", tree, "-cf", join(folder, "layer.tar"), "."]);
  const digest = createHash("sha256")
    .update(readFileSync(join(folder, "layer.tar")))
    .digest("hex");
  const config = {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const manifest = [{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }];
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  const files = ["manifest.json", "config.json", "layer.tar"];
  execFileSync("tar", ["-C", folder, "-cf", join(folder, "image.tar"), ...files]);
  client("images", "import", "--snapshotter", "native", join(folder, "image.tar"));
}

async function removeTasks(client: Client): Promise<void> {
  for (const id of client("tasks", "list", "-q").split("\n").filter(Boolean)) {
    client("tasks", "kill", "-s", "KILL", id);
    await eventually(`${id} has ended`, () => answers(() => client("tasks", "delete", id)));
  }
}

function answers(ask: () => unknown): boolean {
  try {
    ask();
    return true;
  } catch {
    return false;
  }
}

/** What `runc spec` writes, as far as tests change it. */
export interface OciSpec {
  readonly process: Record<string, unknown>;
  readonly linux: Record<string, unknown> & { readonly namespaces: { type: string }[] };
}

/** A shell's sleep, started by `runc run -d`, in the default directory of state. */
export function startRunc(
  t: Cleanup,
  id: string,
  cgroupsPath: string,
  change?: (spec: OciSpec) => void,
): void {
  const bundle = makeBundle(makeFolder(), cgroupsPath, change);
  t.after(() => {
    execFileSync("runc", ["delete", "-f", id], { stdio: "ignore" });
    removeFolder(bundle);
  });
  execFileSync("runc", ["run", "-d", "-b", bundle, id], { stdio: "ignore" });
}

/** crun wants version 2 or version 1 and no mixture: it is shown no unified hierarchy. */
export function startCrun(t: Cleanup, id: string, cgroupsPath: string): void {
  const bundle = makeBundle(makeFolder(), cgroupsPath);
  const without = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec crun "$@"';
  const crun = ["-m", "--propagation", "private", "sh", "-c", without, "crun"];
  t.after(() => {
    execFileSync("unshare", [...crun, "delete", "-f", id], { stdio: "ignore" });
    removeFolder(bundle);
  });
  execFileSync("unshare", [...crun, "run", "-d", "-b", bundle, id], { stdio: "ignore" });
}

/** The specification that `runc spec` writes, for a shell that sleeps. */
function makeBundle(
  folder: string,
  cgroupsPath: string,
  change: (spec: OciSpec) => void = () => undefined,
): string {
  makeTree(join(folder, "rootfs"));
  // Whoever its root is outside walks down to it.
  chmodSync(folder, 0o755);
  execFileSync("runc", ["spec"], { cwd: folder });
  const path = join(folder, "config.json");
  const config = JSON.parse(readFileSync(path, "utf8"));
  Object.assign(config.process, { terminal: false, args: ["/bin/sleep", "600"] });
  // Its defaults raise a limit that not every root may raise.
  delete config.process.rlimits;
  config.linux.cgroupsPath = cgroupsPath;
  change(config);
  writeFileSync(path, JSON.stringify(config));
  return folder;
}

/** A container of LXC with busybox's init. Its network is its own and empty. */
export function startLxc(t: Cleanup, name: string): void {
  const folder = makeFolder();
  const here = ["-P", folder, "-n", name];
  execFileSync("lxc-create", [...here, "-t", "busybox", "-f", "/dev/null"], { stdio: "ignore" });
  t.after(() => {
    execFileSync("lxc-stop", [...here, "-k"], { stdio: "ignore" });
    removeFolder(folder);
    removeEmptyCgroups("lxc.pivot");
  });
  execFileSync("lxc-start", here, { stdio: "ignore" });
}

/** systemd-nspawn of a command, without a service manager of the host. */
export function startNspawn(
  t: Cleanup,
  name: string,
  command: readonly string[] = ["/bin/sleep", "600"],
): void {
  const folder = makeFolder();
  const tree = makeTree(join(folder, "tree"));
  const flags = ["--register=no", "--keep-unit", "-q", "--as-pid2", "--console=pipe"];
  const words = [...flags, "-M", name, "-D", tree, "--private-network", ...command];
  const nspawn = spawn("systemd-nspawn", words, { stdio: "ignore" });
  t.after(async () => {
    await end(nspawn);
    removeFolder(folder);
    removeEmptyCgroups("payload", "supervisor");
  });
}

/** bubblewrap's arguments before a command, with everything unshared. */
export const bubblewrapped: readonly string[] = [
  ...["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/"],
  ...["--proc", "/proc", "--dev", "/dev", "--"],
];

/** In a process group of its own, so that what it started ends with it. */
export function start(t: Cleanup, ...command: readonly string[]): void {
  const [program = "", ...words] = command;
  const child = spawn(program, words, { stdio: "ignore", detached: true });
  const ended = once(child, "exit");
  t.after(async () => {
    killGroup(child);
    await ended;
  });
}

/** A page in Chromium with its sandbox, which it refuses to root: as this user. */
export function startChromium(t: Cleanup, uid: number): void {
  const folder = makeFolder();
  chownSync(folder, uid, uid);
  const identity = ["--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups"];
  const quiet = ["--headless", "--disable-gpu", "--no-first-run", "--disable-sync"];
  const offline = ["--disable-background-networking", "--disable-component-update"];
  const words = [...quiet, ...offline, `--user-data-dir=${folder}`, "--remote-debugging-port=0"];
  const env = { ...process.env, HOME: folder };
  const command = [...identity, programs.chromium, ...words, "about:blank"];
  // A group of its own: it leaves children behind that go on writing.
  const browser = spawn("setpriv", command, { stdio: "ignore", env, detached: true });
  t.after(async () => {
    killGroup(browser);
    await eventually("Chromium's files are gone", () => answers(() => removeFolder(folder)));
  });
}
