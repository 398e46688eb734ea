import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { exportFormats } from "../../helper/protocol/exports.ts";
import { eventually, terrarium, uniqueName } from "./cli.ts";
import { needsRoot } from "./isolated.ts";

const examples = join(import.meta.dirname, "..", "..", "docs", "examples");

/** A folder of a project with one of the files in it. */
function project(t: TestContext, example: string) {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-example-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(examples, example), join(folder, example));
  return { folder, config: ["run", "--config", join(folder, example)] };
}

describe("the files in docs/examples", needsRoot, () => {
  test("service: both processes run, and the page of one is served by the other", async (t) => {
    const { config } = project(t, "service.sandbox.json");
    const name = uniqueName();
    t.after(() => terrarium.run(["rm", "-f", name]));
    // Not the host's network: its port may be somebody's.
    const begun = await terrarium.run([...config, "-d", "--name", name, "--network", "none"]);
    assert.equal(begun.stderr, "");
    const fetch = ["busybox", "wget", "-q", "-O", "-", "http://127.0.0.1:8080/"];
    await eventually("a page with a date", async () =>
      /\d\d:\d\d/.test((await terrarium.run(["exec", name, "--", ...fetch])).stdout),
    );
  });

  test("build: what it installs is gone, what it makes in its folder stays", async (t) => {
    const { folder, config } = project(t, "build.sandbox.json");
    const installed = "/usr/bin/terrarium-example-build";
    writeFileSync(join(folder, "build.sh"), `echo x > ${installed} && cp ${installed} made\n`);
    const { code, stderr } = await terrarium.run(config);
    assert.deepEqual([stderr, code], ["", 0]);
    assert.ok(existsSync(join(folder, "made")));
    assert.ok(!existsSync(installed));
  });

  test("agent: writes its folder but not git's hooks, reaches no network, has its limits", async (t) => {
    const { folder, config } = project(t, "agent.sandbox.json");
    mkdirSync(join(folder, ".git", "hooks"), { recursive: true });
    const script = [
      "touch made",
      "touch .git/hooks/post-checkout 2>/dev/null || echo hooks closed",
      "ls /proc/sys/net/ipv4/conf",
      "grep CapEff /proc/self/status",
      "ulimit -n",
    ].join("; ");
    const { code, stdout, stderr } = await terrarium.run([...config, "--", "sh", "-c", script]);
    assert.deepEqual([stderr, code], ["", 0]);
    assert.match(stdout, /^hooks closed\nall\ndefault\nlo\nCapEff:\t0{16}\n1024\n$/);
    assert.ok(existsSync(join(folder, "made")));
  });

  for (const name of ["service", "build", "agent"]) {
    test(`${name} can be written down for every other tool`, async (t) => {
      const { config } = project(t, `${name}.sandbox.json`);
      for (const tool of exportFormats) {
        const { code, stdout, stderr } = await terrarium.run([...config, "--as", tool]);
        assert.deepEqual([stderr, code], ["", 0], tool);
        assert.ok(stdout.length > 0, tool);
      }
    });
  }
});
