import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkout } from "../rig/prepare.mjs";

const built = (name: string): string => join(checkout, "dist/native", name);

/** A good value for each kind of argument, so that the fuzzer begins behind the first refusal. */
const samples: Readonly<Record<string, string>> = {
  N: "5",
  MAP: "0 100000 65536",
  TYPE: "net",
  HOW: "host",
  LINE: "boottime 86400 0",
  "SOFT:HARD": "1024:2048",
  SRC: "/source",
  DST: "/target",
  PATH: "/target/path",
  DIR: "/directory",
  OPTIONS: "mode=700,size=64m",
  RESTART: "on-failure",
  MS: "100",
  PID: "7",
  TICKS: "9",
  LIST: "pid,mnt,net",
  "K=V": "A=b",
  "UID:GID": "1000:1000",
};

/** What stands for NAME, by option. */
const names: Readonly<Record<string, string>> = {
  "--keep-cap": "sys_admin",
  "--ambient-cap": "net_raw",
  "--rlimit": "nofile",
};

type Words = readonly string[];

/** The launcher's table of options for one command, as --help prints it: the words of each row. */
function optionsOf(command: "run" | "enter"): readonly Words[] {
  const help = execFileSync(built("launcher"), ["--help"], { encoding: "utf8" });
  const section = help.split(`launcher ${command} OPTIONS`)[1]?.split("\n\n")[0] ?? "";
  const rows = section.matchAll(/^ {4}(--\S+)((?: [A-Z][A-Z:=]*| \S+\|\S+)*) /gm);
  return [...rows].map(([, option = "", kinds = ""]) => [
    option,
    ...kinds
      .split(" ")
      .slice(1)
      .map((kind) => sampleOf(option, kind)),
  ]);
}

function sampleOf(option: string, kind: string): string {
  if (kind === "NAME") return names[option] ?? "name";
  return samples[kind] ?? kind.split("|")[0] ?? kind;
}

/** What cannot stand beside the others, or not at that place among them. */
const alone: ReadonlySet<string> = new Set([
  ...["--process", "--word", "--no-init", "--single", "--args"],
]);

/** One command line an option, and for each command one that has them all. */
function seedsOf(run: readonly Words[], enter: readonly Words[]): readonly Words[] {
  const together = (options: readonly Words[]) =>
    options.filter(([option = ""]) => !alone.has(option)).flat();
  const several = ["--process", "one", "always", "--word", "true", "--word", "-x"];
  const lines = [...run, ...enter, together(run), together(enter)];
  return [...lines.map((words) => [...words, "--", "true"]), several];
}

function writeSeeds(folder: string, seeds: readonly Words[]): void {
  mkdirSync(folder);
  for (const [place, words] of seeds.entries())
    writeFileSync(join(folder, `${place}`), words.join("\0"));
}

function writeDictionary(path: string, seeds: readonly Words[]): void {
  const words = [...new Set(seeds.flat()), ...["", "-1", "4294967295", "18446744073709551616"]];
  writeFileSync(path, words.map((word) => `"${word}\\x00"\n`).join(""));
}

test("no text of --args makes the argument parser crash, leak, or fail without a reason", () => {
  execFileSync("make", ["-s", "-C", join(checkout, "native"), "fuzz"]);
  const folder = mkdtempSync(join(tmpdir(), "terrarium-fuzz-"));
  try {
    const seeds = seedsOf(optionsOf("run"), optionsOf("enter"));
    assert.ok(seeds.length > 60, `${seeds.length} seeds`);
    writeSeeds(join(folder, "seeds"), seeds);
    writeDictionary(join(folder, "dictionary"), seeds);
    // A fixed seed and a fixed count: the same inputs in every run.
    const limits = ["-runs=60000", "-seed=1", "-max_len=2048", "-print_final_stats=1"];
    const places = ["-dict=dictionary", "-artifact_prefix=./", "seeds"];
    const { status, stderr } = spawnSync(built("fuzz-arguments"), [...limits, ...places], {
      cwd: folder,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr.slice(-8_000));
    assert.match(stderr, /number_of_executed_units: 60000/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
