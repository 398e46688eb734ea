import { readFile, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { prebuilt } from "../kernel/programs.ts";
import { makeTemporaryFolder } from "../rig/cache.ts";
import { checkout } from "../rig/prepare.mjs";
import { type ResultLine, readResults } from "../rig/result-lines.ts";
import { bootSystem, installSystem } from "../rig/system-machine.ts";
import { lingerer } from "../rig/system-tree.ts";
import { type InsideJob, resultDevice } from "./inside-job.ts";
import { buildProgram, own } from "./programs.ts";

/** Root, or an ordinary user in a cgroup that systemd delegated. */
export type Asker = "root" | "user";

/** A test file that runs in a Debian with systemd, too. */
export interface InsideRow {
  /** Below test/. */
  readonly file: string;
  readonly as: readonly Asker[];
  /** What the machine has that the one outside may not. */
  readonly why: string;
}

/** What the files of one asker came to. */
export interface Session {
  readonly asker: Asker;
  readonly results: readonly ResultLine[];
  /** What their runner wrote beside the results. */
  readonly output: string;
  /** Of machines that did not come to their end: what they had to tell by then is among the results. */
  readonly failures: readonly string[];
}

const home = "/opt/terrarium";
const timeoutMs = 14 * 60_000;

/** Nobody loads them for a test that asks for a device, a link or a rule. */
const modules = [
  ...["loop", "ext4", "overlay", "bridge", "veth", "sch_tbf"],
  ...["chain_nat", "ct", "fib_inet", "limit", "masq", "reject_inet"].map((name) => `nft_${name}`),
];

/** Once the user's own systemd is up. As a person would: the shell in which a user may limit sandboxes is one that systemd has made a scope for. */
const prefixes: Readonly<Record<Asker, string>> = {
  root: "",
  user:
    `systemctl start user@${lingerer.id}.service; ` +
    `setpriv --reuid ${lingerer.id} --regid ${lingerer.id} --init-groups ` +
    `env HOME=/home/${lingerer.name} XDG_RUNTIME_DIR=/run/user/${lingerer.id} ` +
    "systemd-run --quiet --user --scope -p Delegate=yes",
};

/** As many as share the work; each emulates its processors on one. */
const machines: Readonly<Record<Asker, number>> = { root: 2, user: 1 };

/** Boots the machines of all askers side by side. */
export async function runInside(rows: readonly InsideRow[]): Promise<readonly Session[]> {
  await installSystem();
  const askers = (["root", "user"] as const).filter((asker) => filesOf(rows, asker).length > 0);
  return Promise.all(askers.map((asker) => runShared(asker, filesOf(rows, asker))));
}

async function runShared(asker: Asker, files: readonly string[]): Promise<Session> {
  const shares = Array.from({ length: machines[asker] }, (_, share) =>
    files.filter((_, place) => place % machines[asker] === share),
  );
  const sessions = await Promise.all(
    shares.filter(({ length }) => length > 0).map((share) => runSession(asker, share)),
  );
  return {
    asker,
    results: sessions.flatMap(({ results }) => results),
    output: sessions.map(({ output }) => output).join(""),
    failures: sessions.flatMap(({ failures }) => failures),
  };
}

async function runSession(asker: Asker, files: readonly string[]): Promise<Session> {
  const folder = await makeTemporaryFolder("inside");
  try {
    const resultFile = join(folder, "results");
    const script = sessionScript(asker, files);
    const machine = { script, modules, files: installedFiles(), resultFile, timeoutMs };
    const [run] = await Promise.allSettled([bootSystem(machine)]);
    const results = readResults(await readFile(resultFile, "utf8").catch(() => ""));
    if (run.status === "fulfilled")
      return { asker, results, output: run.value.output, failures: [] };
    return { asker, results, output: "", failures: [String(run.reason)] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function filesOf(rows: readonly InsideRow[], asker: Asker): readonly string[] {
  return rows.filter(({ as }) => as.includes(asker)).map(({ file }) => `test/${file}`);
}

function sessionScript(asker: Asker, files: readonly string[]): string {
  const job: InsideJob = { files };
  return [
    `chmod 666 ${resultDevice}`,
    "export TERRARIUM_EMULATED=1",
    // What one file has made of the modules that all of them load.
    "export NODE_COMPILE_CACHE=/tmp/compiled",
    `cd ${home}; ${prefixes[asker]} bin/node test/vm/inside-run.ts '${JSON.stringify(job)}'`,
  ].join("\n");
}

/** The checkout as far as the tests of test/kernel/ reach, with what is built and installed. */
function installedFiles(): Record<string, string> {
  const parts = [
    ...["package.json", "helper", "test/kernel", "test/rig", "test/unit", "test/vm"],
    ...["dist/bin", "dist/package.json"],
    ...["launcher", "follow", "koffi.node", "task-iterator"].map((name) => `dist/native/${name}`),
    ...["node_modules/zod", "node_modules/vscode-jsonrpc", "node_modules/@koromix"],
  ];
  const files = parts.map((part) => [join(home, part), join(checkout, part)] as const);
  return {
    ...Object.fromEntries(files),
    [join(home, "bin/node")]: process.execPath,
    [join(home, relative(checkout, prebuilt), "attempts")]: buildProgram(
      own,
      "test/kernel/attacks/attempts.c",
    ),
  };
}
