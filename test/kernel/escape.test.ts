import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { type Client, clientOfUser, inspect, startSandbox, terrarium } from "./cli.ts";
import { escapes } from "./escapes.ts";
import { needsRoot, strangerId } from "./isolated.ts";
import {
  type Answers,
  assertWalls,
  isAbsent,
  planJars,
  readAnswers,
  rowsHere,
  titleOf,
} from "./jars.ts";
import { makeOutside, type Outside } from "./outside.ts";

/**
 * Ways out of a default sandbox, tried by root inside. Each must fail there; work where every wall
 * that stops it is missing; and fail again where any single one of them is back.
 */

type Removals = (() => unknown)[];

const rows = rowsHere(escapes);
const everyName = Object.keys(rows);

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
    ofUser = await inSandboxOfUser(outside);
    const closed = await sleeper(outside, "closed", removals);
    const open = await sleeper(outside, "open", removals);
    for (const [walls, names] of planJars(rows)) {
      const pid = walls.split(",").includes("mounts") ? open : closed;
      jars.set(walls, await inJar(outside, pid, walls, names));
    }
  });
  after(async () => {
    for (const remove of removals.toReversed()) await remove();
  });

  for (const [name, row] of Object.entries(rows)) {
    test(titleOf(name, row), (t) => {
      assert.match(ofRoot[name] ?? "", /^E/, "in a sandbox of root");
      assert.match(ofUser[name] ?? "", /^E/, "in a sandbox of an ordinary user");
      if (isAbsent(name, row, jars)) return t.skip("this kernel does not have it");
      assertWalls(name, row, jars);
    });
  }
});

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
async function inSandboxOfUser(outside: Outside): Promise<Answers> {
  const client = clientOfUser(strangerId);
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

/** A sandbox that does nothing, with its mounts open or closed: the host's pid of its command. */
async function sleeper(outside: Outside, state: string, removals: Removals): Promise<number> {
  const options = sandboxOptions(outside);
  const { name } = await startSandbox(cleanup(removals), options, ["sleep", "1000"]);
  const { processes } = await inspect(name);
  const pid = processes.at(-1)?.pid ?? 0;
  await promisify(execFile)(join(outside.programs, "jar"), [`${pid}`, state]);
  return pid;
}

const cleanup = (removals: Removals) => ({
  after: (work: () => unknown) => void removals.push(work),
});
