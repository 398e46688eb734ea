import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { childCgroups, readCgroupProcesses } from "../../../helper/kernel/cgroupfs.ts";
import type { HostCgroup } from "../../../helper/protocol/hostTables.ts";
import type { SandboxDetails } from "../../../helper/protocol/inventory.ts";
import {
  collect,
  eventually,
  inspect,
  json,
  list,
  startSandbox,
  terrarium,
} from "../../kernel/cli.ts";
import { startHelper } from "../../kernel/helper-process.ts";
import { assertNoScopes, property, systemctl, top, unitOf } from "./units.ts";

/** Runs inside the machine with systemd, as root. */

const mebibyte = 1024 * 1024;

function directoryOf(sandbox: SandboxDetails): string {
  return sandbox.cgroups["unified"] ?? "";
}

const all = { after: () => undefined };

describe("a sandbox of root, where systemd owns the cgroup tree", () => {
  const limits = ["--cpus", "0.2", "-m", "64m", "--pids-limit", "20"];
  let sandbox: SandboxDetails;
  const read = (file: string) => readFileSync(join(directoryOf(sandbox), file), "utf8").trim();
  const held = () => ["cpu.max", "memory.max", "pids.max"].map(read);
  const asked = ["20000 100000", `${64 * mebibyte}`, "20"];

  before(async () => {
    const { name } = await startSandbox(all, limits, ["sleep", "600"]);
    sandbox = await inspect(name);
  });
  after(() => terrarium.run(["rm", "-f", sandbox.name]));

  test("is below a scope of its own, which systemd has delegated", () => {
    const unit = unitOf(sandbox);
    assert.equal(directoryOf(sandbox), join(top, property(unit, "ControlGroup"), "sandbox"));
    assert.equal(property(unit, "ControlGroup"), `/terrarium.slice/${unit}`);
    assert.equal(property(unit, "Delegate"), "yes");
    assert.equal(property(unit, "ActiveState"), "active");
    assert.match(property(unit, "Description"), new RegExp(sandbox.name));
  });

  test("has its processes there, and its monitor beside them", () => {
    const shown = spawnSync("systemd-cgls", ["--no-pager", "--unit", unitOf(sandbox)], {
      encoding: "utf8",
    });
    assert.match(shown.stdout, /monitor.*launcher/s);
    assert.match(shown.stdout, /sandbox.*terrarium-init.*sleep 600/s);
    assert.deepEqual(readCgroupProcesses(dirname(directoryOf(sandbox))), []);
  });

  test("leaves the top of the hierarchy to systemd's units", () => {
    const unnamed = childCgroups(top).filter(
      (name) => !/\.(slice|scope|service|mount|swap|socket)$/.test(name),
    );
    assert.deepEqual(unnamed, []);
  });

  test("has the limits that were asked for, also after a daemon-reload", () => {
    assert.deepEqual(held(), asked);
    systemctl("daemon-reload");
    assert.deepEqual(held(), asked);
  });

  test("has its protected memory in its scope and slice, by systemd, until it is given up", async () => {
    const lows = () =>
      [directoryOf(sandbox), dirname(directoryOf(sandbox)), join(top, "terrarium.slice")].map(
        (directory) => readFileSync(join(directory, "memory.low"), "utf8").trim(),
      );
    const update = (value: string) =>
      terrarium.run(["update", sandbox.name, "--memory-reservation", value]);
    assert.equal((await update("8m")).stderr, "");
    systemctl("daemon-reload");
    assert.deepEqual(lows(), Array(3).fill(`${8 * mebibyte}`));
    assert.equal(property(unitOf(sandbox), "MemoryLow"), `${8 * mebibyte}`);
    assert.equal((await update("none")).stderr, "");
    assert.deepEqual(lows(), Array(3).fill("0"));
  });

  test("takes other limits while it runs, and says nothing of systemd", async () => {
    const { code, stdout, stderr } = await terrarium.run([
      "update",
      sandbox.name,
      "--pids-limit",
      "30",
    ]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.doesNotMatch(stdout, /systemd/);
    assert.equal(read("pids.max"), "30");
  });

  test("is joined by exec", async () => {
    const before = readCgroupProcesses(directoryOf(sandbox)).length;
    const running = terrarium.start([
      "exec",
      sandbox.name,
      "--",
      "sh",
      "-c",
      "echo in; exec sleep 600",
    ]);
    await new Promise((resolve) => running.stdout.once("data", resolve));
    assert.equal(readCgroupProcesses(directoryOf(sandbox)).length, before + 1);
    running.kill("SIGKILL");
    await collect(running);
    await eventually(
      "exec ends with its client",
      () => readCgroupProcesses(directoryOf(sandbox)).length === before,
    );
  });

  test("is held still and runs again", async () => {
    await terrarium.run(["pause", sandbox.name]);
    assert.match(read("cgroup.events"), /^frozen 1$/m);
    await terrarium.run(["unpause", sandbox.name]);
    assert.match(read("cgroup.events"), /^frozen 0$/m);
  });

  test("is found by every list", async () => {
    const said = async (...words: readonly string[]) => (await terrarium.run(words)).stdout;
    assert.match(await said("ps"), new RegExp(`${sandbox.name} .*running`));
    assert.match(await said("stats", sandbox.name), /\d+ [KM]B \/ 64 MB/);
    assert.match(await said("top"), new RegExp(`${unitOf(sandbox)}/sandbox \\(${sandbox.name}\\)`));
    assert.match(await said("limits", sandbox.name), /64 MB/);
    const { cgroups } = await json<{ readonly cgroups: readonly HostCgroup[] }>(["cgroups"]);
    const labelled = cgroups.filter(({ container }) => container?.includes(sandbox.id));
    assert.deepEqual(
      labelled.map(({ path }) => path),
      [`/terrarium.slice/${unitOf(sandbox)}/sandbox`],
    );
  });

  test("is the same one to a helper that is killed and started anew", async () => {
    const helper = await startHelper();
    await helper.connection.request("sandbox/list", {});
    await helper.kill();
    const [found] = (await list()).filter(({ id }) => id === sandbox.id);
    assert.equal(found?.state, "running");
    assert.equal(property(unitOf(sandbox), "ActiveState"), "active");
  });

  test("leaves no unit when it is removed", async () => {
    assert.equal((await terrarium.run(["rm", "-f", sandbox.name])).code, 0);
    await assertNoScopes();
  });
});
