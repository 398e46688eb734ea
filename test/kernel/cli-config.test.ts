import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import type { SandboxPlan } from "../../helper/protocol/plan.ts";
import { inspect, json, list, startSandbox, terrarium, uniqueName } from "./cli.ts";
import { needsRoot } from "./isolated.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-config-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function config(file: Readonly<Record<string, unknown>>): string {
  const path = join(mkdtempSync(join(folder, "project-")), "sandbox.json");
  writeFileSync(path, `// a comment\n${JSON.stringify(file)}`);
  return path;
}

describe("run --config", needsRoot, () => {
  test("makes the sandbox that the file describes", async (t) => {
    const path = config({
      hostname: "tide-table",
      env: { TIDE: "high" },
      passEnv: ["PASSED"],
      limits: { memory: "64m", pids: 50 },
      mounts: [{ type: "bind", source: "./data", target: "/data", readOnly: true }],
    });
    mkdirSync(join(path, "..", "data"));
    writeFileSync(join(path, "..", "data", "marker"), "");
    const script = "hostname; echo $TIDE $PASSED $HIDDEN; ls /data; touch /data/x 2>&1";
    const ran = await terrarium.run(["run", "--config", path, "--", "sh", "-c", script], {
      env: { PASSED: "yes", HIDDEN: "no" },
    });
    assert.match(ran.stdout, /^tide-table\nhigh yes\nmarker\n.*Read-only file system\n$/);
    const { name } = await startSandbox(t, ["--config", path], ["sleep", "600"]);
    const limits = Object.fromEntries(
      (await inspect(name)).limits.map(({ limit, value }) => [limit, value]),
    );
    assert.equal(limits["memoryBytes"], 64 * 1024 * 1024);
    assert.equal(limits["pidsMax"], 50);
  });

  test("lets a flag win over the file, and adds variables up", async () => {
    const path = config({ hostname: "from-file", env: { A: "file", B: "file" }, args: ["false"] });
    const ran = await terrarium.run([
      ...["run", "--config", path, "--hostname", "from-flag", "-e", "B=flag"],
      ...["--", "sh", "-c", "hostname; echo $A $B"],
    ]);
    assert.equal(ran.stdout, "from-flag\nfile flag\n");
  });

  test("runs the file's command when none was given", async () => {
    const { stdout } = await terrarium.run(["run", "--config", config({ args: ["echo", "hi"] })]);
    assert.equal(stdout, "hi\n");
  });

  test("names the nearest key of one that is unknown, and makes nothing", async () => {
    const name = uniqueName();
    const path = config({ name, hostnam: "x" });
    const ran = await terrarium.run(["run", "-d", "--config", path, "--", "true"]);
    assert.equal(ran.code, 125);
    assert.match(ran.stderr, /^terrarium: sandbox\.json: .*did you mean "hostname"\?/);
    assert.ok(!(await list()).some((sandbox) => sandbox.name === name));
  });

  test("keeps the file from what runs in its workspace: it may not widen the next sandbox", async () => {
    const path = config({ workspace: "." });
    const before = readFileSync(path, "utf8");
    const attempts = ["echo x >> sandbox.json", "mv sandbox.json y", "rm -f sandbox.json"];
    const script = attempts.map((attempt) => `${attempt} || echo refused`).join("; ");
    const words = ["-w", dirname(path), "--", "sh", "-c", `touch made; ${script}`];
    const { stdout } = await terrarium.run(["run", "--config", path, ...words]);
    assert.equal(stdout, "refused\n".repeat(attempts.length));
    assert.equal(readFileSync(path, "utf8"), before);
    assert.ok(existsSync(join(dirname(path), "made")), "the workspace is writable");
  });

  test("says which file is missing", async () => {
    const ran = await terrarium.run(["run", "--config", "/nowhere/sandbox.json", "--", "true"]);
    assert.equal(ran.code, 125);
    assert.match(ran.stderr, /\/nowhere\/sandbox\.json.*no such file/);
  });
});

describe("run --plan", needsRoot, () => {
  const asked = [
    "--cpus",
    "0.2",
    "-m",
    "64m",
    "-e",
    "SECRET=tide-gate",
    "-v",
    `${folder}:/data:ro`,
  ];

  test("makes nothing: no record, no cgroup, no process", async () => {
    const name = uniqueName();
    const plan = await json<SandboxPlan>(["run", "--plan", "--name", name, ...asked]);
    assert.equal(plan.name, name);
    assert.ok(!(await list()).some((sandbox) => sandbox.name === name));
    for (const { directory } of plan.cgroups) {
      assert.ok(!readdirSync(join(directory, "..", "..")).includes(plan.id));
      assert.throws(() => readdirSync(directory), /ENOENT/);
    }
  });

  test("says the cgroup files and values that a real run then has", async (t) => {
    const plan = await json<SandboxPlan>(["run", "--plan", ...asked]);
    const { name, id } = await startSandbox(t, asked, ["sleep", "600"]);
    const { limits, cgroups } = await inspect(name);
    const held = new Map(limits.map(({ file, value }) => [file, value]));
    const planned = plan.cgroups.flatMap(({ directory, writes }) =>
      writes.map(({ file }) => join(directory.replace(plan.id, id), file)),
    );
    assert.ok(planned.length >= 2);
    for (const file of planned) assert.notEqual(held.get(file), undefined, file);
    assert.deepEqual(
      plan.cgroups.map(({ directory }) => directory.replace(plan.id, id)).sort(),
      Object.values(cgroups).sort(),
    );
  });

  test("says the id map and the namespaces that a real run then has", async (t) => {
    const { name } = await startSandbox(t, asked, ["sleep", "600"]);
    const plan = await json<SandboxPlan>(["run", "--plan", ...asked]);
    const { uidMap, namespaces } = await inspect(name);
    const [[first, range, count] = []] = plan.uidMap;
    assert.deepEqual([first, count], [uidMap[0]?.[0], uidMap[0]?.[2]]);
    assert.notEqual(range, uidMap[0]?.[1], "the range of one that runs is taken");
    assert.equal(plan.cloneFlags.length, namespaces.filter(({ shared }) => !shared).length);
  });

  test("shows names of variables and never a value, as text and as JSON", async () => {
    const options = [...asked, "--name", uniqueName()];
    for (const words of [["--plan"], ["--plan", "--json"]]) {
      const { stdout } = await terrarium.run(["run", ...words, ...options, "--", "true"]);
      assert.match(stdout, /SECRET/);
      assert.doesNotMatch(stdout, /tide-gate/);
    }
  });

  test("shows the mounts in the launcher's order, with how", async () => {
    const { stdout } = await terrarium.run(["run", "--plan", ...asked]);
    assert.match(stdout, /mount +bind {2}\/usr → \/usr {2}\(read-only\)\n/);
    assert.match(
      stdout,
      new RegExp(`mount +bind {2}${folder} → /data {2}\\(read-only, id-mapped\\)`),
    );
  });

  test("names every process of a file, and an export those that it leaves out", async () => {
    const processes = [
      { name: "gauge", args: ["sleep", "600"] },
      { name: "gate", args: ["sh", "-c", "exit"], after: ["gauge"] },
    ];
    const path = config({ processes });
    const { stdout } = await terrarium.run(["inspect", "--plan", "--config", path]);
    assert.match(stdout, /process +gauge {2}sleep 600\nprocess +gate {2}sh -c exit\n/);
    const exported = await terrarium.run(["inspect", "--as", "bwrap", "--config", path]);
    assert.match(exported.stdout, /# not expressed: process gate/);
    assert.match(exported.stdout, /-- sleep 600$/m);
    const twice = config({ processes: [processes[0], processes[0]] });
    assert.equal((await terrarium.run(["inspect", "--plan", "--config", twice])).code, 125);
  });

  test("is refused where a run would be", async () => {
    const ran = await terrarium.run(["run", "--plan", "-v", "/nowhere:/data"]);
    assert.equal(ran.code, 125);
    assert.match(ran.stderr, /\/nowhere/);
  });

  test("inspect --plan shows what a file would make", async () => {
    const path = config({ hostname: "tide-table", limits: { pids: 50 } });
    const { stdout } = await terrarium.run(["inspect", "--plan", "--config", path]);
    assert.match(stdout, /host name +tide-table\n/);
    assert.match(stdout, /write +50 > .*\/pids\.max\n/);
  });
});
