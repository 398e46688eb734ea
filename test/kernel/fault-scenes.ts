import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { complaint, endedBeforeItsOptions } from "./fault-rules.ts";
import type { Injector, Outcome, Spoil } from "./injector.ts";
import { hostPrograms, idMaps, launcherPath } from "./launcher.ts";

/** Where one run at a time has its state directory, its socket and its cgroups. */
export interface Place {
  readonly directory: string;
  readonly cgroups: readonly string[];
  /** A process of a sandbox that may be entered. */
  readonly target: number;
}

/** A way to use the launcher. */
export interface Scene {
  readonly name: string;
  /** Runs it once and says, besides its outcome, what it left on the machine. */
  play(injector: Injector, place: Place, spoil: Spoil): Promise<Outcome>;
  /** What is wrong with an outcome; undefined: it is clean. */
  complaint(spoil: Spoil, outcome: Outcome): string | undefined;
}

/** Whose own calls are spoiled. */
interface Script {
  readonly name: string;
  readonly listens?: boolean;
  readonly enters?: boolean;
  /** Reads the target's filters in a process of its own. */
  readonly copies?: boolean;
  args(place: Place): readonly string[];
}

const state = ({ directory }: Place): string => join(directory, "state");
export const socket = (place: Place): string => join(state(place), "attach");

const sandbox = (place: Place, maps = idMaps): string[] => [
  ...["run", "--status-fd", "3", "--sync-fd", "4", ...maps, ...hostPrograms],
  ...home(place),
];

/** What it removes when it ends. */
export const home = (place: Place): string[] => [
  ...["--state-dir", state(place)],
  ...place.cgroups.flatMap((path) => ["--cgroup", path]),
];

const command = ["--", "/bin/sh", "-c", "exit 7"];

const scripts: readonly Script[] = [
  {
    name: "run with its own descriptors, id-mapped binds and limits",
    args: (place) => [
      ...sandbox(place),
      ...["--idmap-bind", join(place.directory, "work"), "/work", "--chdir", "/work"],
      ...["--ro-protect", "/work/kept", "--hostname", "jar", "--timeout", "60000"],
      ...["--die-with", `${process.pid}`, ...command],
    ],
  },
  {
    name: "run with a terminal, sealed, for a client that attaches",
    listens: true,
    args: (place) => [
      ...sandbox(place, ["--uid-map", "0 0 1", "--gid-map", "0 0 1"]),
      ...["--tty", "--listen", socket(place), ...command],
    ],
  },
  {
    name: "run with several processes",
    args: (place) => [
      ...sandbox(place),
      ...["--process", "one", "no", "--word", "/bin/true", "--process", "two", "no"],
      ...["/bin/sh", "-c", "exit 7"].flatMap((word) => ["--word", word]),
    ],
  },
  ...["default", "target"].map((seccomp) => ({
    name: `enter, with the ${seccomp} filters`,
    enters: true,
    copies: seccomp === "target",
    args: ({ target }: Place) => [
      ...["enter", "--status-fd", "3", "--pid", `${target}`, "--follow", "--seccomp", seccomp],
      ...["--namespaces", "pid,mnt,net,uts,ipc,cgroup,user", "--tty", ...command],
    ],
  })),
];

export const sessionScenes: readonly Scene[] = scripts.map((script) => ({
  name: script.name,
  play: (injector, place, spoil) => play(injector, script, place, spoil),
  complaint: (spoil, outcome) => complaint(script.copies ? asWithoutCopier(spoil) : spoil, outcome),
}));

/** Who reads the target's filters is the monitor's first child, and the rules know the others by their places. */
function asWithoutCopier(spoil: Spoil): Spoil {
  if (spoil.mode === "trace") return spoil;
  const { point } = spoil;
  const role = point.role.replace(/^0\.(\d+)/, (_place, child) => `0.${Number(child) - 1}`);
  return { ...spoil, point: { ...point, role } };
}

export function makePlace(directory: string, target: number): Place {
  const name = `terrarium-fault-${process.pid}-${basename(directory)}`;
  const cgroups = ["pids", "cpu", "unified"]
    .map((hierarchy) => `/sys/fs/cgroup/${hierarchy}`)
    .filter(existsSync)
    .map((mount) => join(mount, name));
  mkdirSync(join(directory, "work/kept"), { recursive: true });
  return { directory, cgroups, target };
}

async function play(
  injector: Injector,
  script: Script,
  place: Place,
  spoil: Spoil,
): Promise<Outcome> {
  setUp(place);
  const clients: ChildProcess[] = [];
  const attach = () => {
    if (clients.length === 0) {
      clients.push(spawn(launcherPath, ["attach", socket(place)], { stdio: "ignore" }));
    }
  };
  const onReady = script.listens ? attach : undefined;
  const outcome = await injector.run(script.args(place), spoil, { onReady });
  const left = [...outcome.left, ...sweep(place, isForOthers(script, spoil, outcome))];
  return { ...outcome, left };
}

export function setUp(place: Place): void {
  for (const path of [...place.cgroups, state(place)]) mkdirSync(path, { recursive: true });
}

/**
 * After a monitor that was killed the next helper removes cgroups and state, which it can when
 * nobody is in them; a launcher that could not read its options never got them; who enters does not.
 */
function isForOthers({ enters = false }: Script, spoil: Spoil, outcome: Outcome): boolean {
  const monitorKilled = spoil.mode === "kill" && spoil.point.role === "0";
  return monitorKilled || endedBeforeItsOptions(outcome) || enters;
}

/** Removes what is left, and says what of it should not be. */
export function sweep(place: Place, forOthers: boolean): string[] {
  const found: string[] = [];
  for (const cgroup of place.cgroups.filter(existsSync)) {
    const inside = readFileSync(join(cgroup, "cgroup.procs"), "utf8").trim();
    if (!forOthers || inside) found.push(`${cgroup} ${inside}`);
    if (!inside) rmdirSync(cgroup);
  }
  if (existsSync(state(place))) {
    if (!forOthers) found.push(`state: ${readdirSync(state(place)).join(" ")}`);
    rmSync(state(place), { recursive: true });
  }
  return found;
}
