import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import type { UsageSample } from "../../helper/protocol/usage.ts";
import type { UsageRates } from "../../helper/protocol/usageRates.ts";
import { collect, eventually, json, startSandbox, terrarium } from "./cli.ts";
import { sandboxPath } from "./held-cgroups.ts";
import { needsCgroups, needsRoot } from "./isolated.ts";

interface Line {
  readonly name: string;
  readonly sample: UsageSample;
  readonly rates?: UsageRates;
}

const busy = ["sh", "-c", "while :; do :; done"];

describe("terrarium stats", needsCgroups, () => {
  test("shows every running sandbox in the columns of docker stats", async (t) => {
    const { name } = await startSandbox(t, ["--cpus", "0.1", "-m", "64m"], busy);
    const { code, stdout } = await terrarium.run(["stats"]);
    assert.equal(code, 0);
    const [head, ...lines] = stdout.trimEnd().split("\n");
    assert.match(
      head ?? "",
      /^NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS$/,
    );
    const line = lines.find((candidate) => candidate.startsWith(`${name} `)) ?? "";
    assert.match(line, /^\S+ +[\d.]+ % +\d+(\.\d)? [KM]B \/ 64 MB +[\d.]+ % +0 B \/ 0 B +\S.* +2$/);
  });

  test("takes sandboxes, processes and cgroups by name, and gives the figures to programs", async (t) => {
    const { name, id } = await startSandbox(t, ["--cpus", "0.1"], busy);
    const targets = [name, `${process.pid}`, sandboxPath(id)];
    const lines = await json<readonly Line[]>(["stats", ...targets]);
    assert.deepEqual(
      lines.map((line) => line.name),
      targets,
    );
    const [byName, , byPath] = lines;
    assert.equal(byName?.sample.identity, byPath?.sample.identity);
    const cpu = byName?.rates?.cpuPercent ?? 0;
    assert.ok(cpu > 1 && cpu < 12, `${cpu}`);
    assert.deepEqual(byName?.sample.network, []);
  });

  test("says what is not there, or does not run", async (t) => {
    const missing = await terrarium.run(["stats", "nobody"]);
    assert.deepEqual([missing.code, missing.stdout], [125, ""]);
    assert.match(missing.stderr, /^terrarium: There is no sandbox "nobody"/);
    const { name } = await startSandbox(t, [], ["true"]);
    await eventually("it has ended", async () =>
      /not running|does not run/.test((await terrarium.run(["stats", name])).stderr),
    );
  });

  test("goes on with --watch, one document a line, until it is told to end", async (t) => {
    const { name } = await startSandbox(t, [], ["sleep", "600"]);
    const child = terrarium.start(["stats", "--watch", "--json", name]);
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (text.split("\n").length > 2) child.kill("SIGINT");
    });
    const { code } = await collect(child);
    assert.equal(code, 0);
    for (const line of text.trimEnd().split("\n")) assert.equal(JSON.parse(line)[0].name, name);
  });
});

/** The client in a terminal of 20 lines and 60 columns. Each key is typed when what stands before it is shown. */
async function inTerminal(words: string, ...keys: (readonly [shown: RegExp, key: string])[]) {
  const command = `stty rows 20 cols 60; ${terrarium.command.join(" ")} ${words}; echo "left with $?"`;
  const child = spawn("script", ["-qec", command, "/dev/null"]);
  const all = collect(child);
  let shown = "";
  child.stdout.on("data", (text) => {
    shown += text;
  });
  for (const [before, key] of keys) {
    await eventually(`${before} is shown`, () => before.test(shown));
    child.stdin.write(key);
  }
  return (await all).stdout;
}

describe("terrarium top", needsCgroups, () => {
  test("puts the busiest cgroup before the idle one, each with its sandbox", async (t) => {
    const idle = await startSandbox(t, [], ["sleep", "600"]);
    const loop = await startSandbox(t, ["--cpus", "0.2"], busy);
    const { code, stdout } = await terrarium.run(["top"]);
    assert.equal(code, 0);
    const at = ({ id, name }: typeof idle) => stdout.indexOf(`${sandboxPath(id)} (${name})`);
    assert.ok(at(loop) > 0 && at(loop) < at(idle), stdout);
    const byPath = await json<readonly { path: string }[]>(["top", "-n", "1", "-s", "path"]);
    const paths = byPath.map(({ path }) => path);
    assert.deepEqual(
      paths,
      [...paths].sort((a, b) => a.localeCompare(b, "en")),
    );
  });

  test("is redrawn in place, sorts by a key, and leaves the terminal as it was", async () => {
    const shown = await inTerminal("top", [/cgroups by cpu /, "m"], [/cgroups by memory /, "q"]);
    const clean = shown.replace(/\r/g, "");
    assert.match(clean, /cgroups by cpu /);
    assert.match(clean, /cgroups by memory /);
    assert.ok(clean.endsWith("\u001b[?7h\u001b[?25h\u001b[?1049lleft with 0\n"), clean.slice(-60));
    assert.ok(!clean.includes("\u001b[2J"), "the screen is never emptied");
  });

  test("shows no more than the terminal's rows", needsRoot, async (t) => {
    const { hierarchies } = readCgroupMounts();
    const parent = hierarchies[0]?.mountPoint ?? "";
    for (let n = 0; n < 40; n += 1) {
      const directory = join(parent, `top-${process.pid}-${n}`);
      mkdirSync(directory);
      t.after(() => rmdirSync(directory));
    }
    const shown = await inTerminal("top -n 1");
    const [, drawn = ""] = shown.split("\u001b[H");
    assert.equal(drawn.split("\u001b[J")[0]?.split("\n").length, 20);
  });

  test("lets no cgroup's name steer the terminal", needsRoot, async (t) => {
    const parent = readCgroupMounts().hierarchies[0]?.mountPoint ?? "";
    const directory = join(parent, `top-${process.pid}-\u001b[2J\u202e`);
    mkdirSync(directory);
    t.after(() => rmdirSync(directory));
    const { stdout } = await terrarium.run(["top", "-n", "1"]);
    assert.match(stdout, new RegExp(`top-${process.pid}-\ufffd\\[2J\ufffd`));
    for (const steering of ["\u001b", "\u202e"]) assert.ok(!stdout.includes(steering));
  });

  test("refuses an order and a count that are none", async () => {
    assert.match((await terrarium.run(["top", "-s", "cpus"])).stderr, /Did you mean cpu\?/);
    assert.match((await terrarium.run(["top", "-n", "0"])).stderr, /no number of rounds/);
  });
});
