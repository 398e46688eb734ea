import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { type Client, clientOfUser, inspect, startSandbox, terrarium } from "./cli.ts";
import { type Escape, escapes, type Wall } from "./escapes.ts";
import { needsRoot, strangerId } from "./isolated.ts";
import { makeOutside, type Outside } from "./outside.ts";

/**
 * Ways out of a default sandbox, tried by root inside. Each must fail there; work where every wall
 * that stops it is missing; and fail again where any single one of them is back.
 */

type Removals = (() => unknown)[];
type Answers = Readonly<Record<string, string>>;

const rows = Object.entries(escapes).filter(
  ([, { architecture = process.arch }]) => architecture === process.arch,
);
const everyName = rows.map(([name]) => name);

describe("a way out of a default sandbox, as root inside", needsRoot, () => {
  let outside: Outside;
  let ofRoot: Answers;
  let ofUser: Answers;
  /** By the walls that were missing. */
  const jars = new Map<string, Answers>();
  const removals: Removals = [];

  before(async () => {
    outside = await makeOutside();
    removals.push(outside.remove);
    ofRoot = await inSandbox(outside, terrarium);
    ofUser = await inSandboxOfUser(outside, removals);
    const closed = await sleeper(outside, removals);
    const opened = await sleeper(outside, removals);
    await promisify(execFile)(join(outside.programs, "jar"), [`${opened}`, "open"]);
    for (const [walls, names] of plannedJars()) {
      const pid = walls.split(",").includes("mounts") ? opened : closed;
      jars.set(walls, await inJar(outside, pid, walls, names));
    }
  });
  after(async () => {
    for (const remove of removals.toReversed()) await remove();
  });

  for (const [name, row] of rows) {
    test(`${name.replaceAll("_", " ")}: stopped by ${row.stoppedBy.join(", ")}`, () => {
      assert.match(ofRoot[name] ?? "", /^E/, "in a sandbox of root");
      assert.match(ofUser[name] ?? "", /^E/, "in a sandbox of an ordinary user");
      const all = missing(row);
      assert.equal(jars.get(all)?.[name], "ok", `without ${all}`);
      for (const wall of row.stoppedBy) {
        const others = missing(row, wall);
        assert.match(jars.get(others)?.[name] ?? "", /^E/, `without ${others || "nothing"}`);
      }
    });
  }
});

/** The walls that are missing in a try, of which one may be kept. */
function missing({ stoppedBy, beside = [] }: Escape, kept?: Wall): string {
  return [...stoppedBy, ...beside].filter((wall) => wall !== kept).join(",");
}

/** Which attempts to make without which walls. */
function plannedJars(): ReadonlyMap<string, readonly string[]> {
  const jars = new Map<string, string[]>();
  for (const [name, row] of rows) {
    for (const kept of [undefined, ...row.stoppedBy]) {
      const walls = missing(row, kept);
      jars.set(walls, [...(jars.get(walls) ?? []), name]);
    }
  }
  return jars;
}

/** The editor's variable is not handed in, but is there where the client is started. */
function sandboxOptions({ programs, places }: Outside): string[] {
  const { VSCODE_IPC_HOOK_CLI, ...told } = places;
  return [
    ...["--workspace", places["WORKSPACE"] ?? "", "-v", `${programs}:${programs}:ro`],
    ...Object.entries(told).flatMap(([name, value]) => ["-e", `${name}=${value}`]),
  ];
}

async function inSandbox(outside: Outside, client: Client, ...options: string[]): Promise<Answers> {
  const words = ["run", ...sandboxOptions(outside), ...options];
  const command = [...client.command, ...words, "--", join(outside.programs, "escape")];
  return readAnswers((await withLeak(outside, [...command, ...everyName])).stdout);
}

/** Root inside as well, with one id. */
async function inSandboxOfUser(outside: Outside, removals: Removals): Promise<Answers> {
  const client = clientOfUser(cleanup(removals), strangerId);
  const places = {
    ...outside.places,
    WORKSPACE: outside.makeWorkspace("users", strangerId),
    XDG_RUNTIME_DIR: outside.makeWorkspace("runtime", strangerId),
  };
  return inSandbox({ ...outside, places }, client, "--userns", "root");
}

async function inJar(outside: Outside, pid: number, walls: string, names: readonly string[]) {
  const program = walls.includes("pivot_root") ? "/escape" : join(outside.programs, "escape");
  const jar = [join(outside.programs, "jar"), `${pid}`, walls, program, ...names];
  return readAnswers((await withLeak(outside, jar)).stdout);
}

/** With descriptor 9 open on root's file. */
function withLeak({ places }: Outside, command: readonly string[]) {
  const shell = ["-c", 'exec 9<"$SECRET"; exec "$@"', "sh", ...command];
  const env = { PATH: process.env["PATH"], ...places };
  return promisify(execFile)("sh", shell, { env, cwd: "/", timeout: 120_000 });
}

/** A sandbox that does nothing: the host's pid of its command. */
async function sleeper(outside: Outside, removals: Removals): Promise<number> {
  const options = sandboxOptions(outside);
  const { name } = await startSandbox(cleanup(removals), options, ["sleep", "1000"]);
  const { processes } = await inspect(name);
  return processes.at(-1)?.pid ?? 0;
}

const cleanup = (removals: Removals) => ({
  after: (work: () => unknown) => void removals.push(work),
});

function readAnswers(text: string): Answers {
  const lines = text.trim().split("\n");
  return Object.fromEntries(lines.map((line) => line.split(": ")));
}
