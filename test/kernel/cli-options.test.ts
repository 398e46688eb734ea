import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { inspect, startSandbox, terrarium, uniqueName } from "./cli.ts";
import { needsRoot } from "./isolated.ts";
import { makeRootfs } from "./rootfs.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-cli-"));

after(() => rmSync(folder, { recursive: true, force: true }));

describe("the options of run", needsRoot, () => {
  test("--hostname and --name name it inside and outside", async (t) => {
    const { name } = await startSandbox(t, ["--hostname", "tide-table"], ["sleep", "600"]);
    const { stdout } = await terrarium.run(["exec", name, "--", "hostname"]);
    assert.equal(stdout, "tide-table\n");
    assert.equal((await inspect(name)).hostname, "tide-table");
  });

  test("the host name comes from the name when it was not given", async () => {
    const { stdout } = await terrarium.run(["run", "--name", uniqueName(), "--", "hostname"]);
    assert.match(stdout, /^terrarium-test-\d+-\d+\n$/);
  });

  test("-e sets a variable, and without a value passes ours", async () => {
    const ran = await terrarium.run(
      [
        "run",
        "-e",
        "A=b=c",
        "-e",
        "PASSED",
        "-e",
        "ABSENT",
        "--",
        "sh",
        "-c",
        "echo $A:$PASSED:; env | grep -cE '^(ABSENT|HIDDEN)='",
      ],
      { env: { PASSED: "yes", HIDDEN: "no" } },
    );
    assert.equal(ran.stdout, "b=c:yes:\n0\n");
  });

  test("-w is the working directory", async () => {
    const { stdout } = await terrarium.run(["run", "-w", "/usr/lib", "--", "pwd"]);
    assert.equal(stdout, "/usr/lib\n");
  });

  test("-v mounts a directory to write to, or with :ro only to read", async () => {
    const data = join(folder, "data");
    mkdirSync(data);
    const mount = async (mode: string) =>
      terrarium.run([
        "run",
        "-v",
        `${data}:/data${mode}`,
        "--",
        "sh",
        "-c",
        "touch /data/made && ls /data",
      ]);
    const readOnly = await mount(":ro");
    assert.notEqual(readOnly.code, 0);
    assert.match(readOnly.stderr, /Read-only file system/);
    assert.equal((await mount("")).stdout, "made\n");
  });

  test("-v mounts a single file", async () => {
    const file = join(folder, "single");
    writeFileSync(file, "tides\n");
    const { stdout } = await terrarium.run([
      "run",
      "-v",
      `${file}:/data/file:ro`,
      "--",
      "cat",
      "/data/file",
    ]);
    assert.equal(stdout, "tides\n");
  });

  test("--init puts our init before the command, --no-init makes the command PID 1", async () => {
    assert.equal(
      (await terrarium.run(["run", "--init", "--", "sh", "-c", "echo $$"])).stdout,
      "2\n",
    );
    assert.equal(
      (await terrarium.run(["run", "--no-init", "--", "sh", "-c", "echo $$"])).stdout,
      "1\n",
    );
  });

  test("--rootfs replaces the whole root", async () => {
    const root = makeRootfs(join(folder, "root"));
    const { stdout, stderr } = await terrarium.run([
      "run",
      "--rootfs",
      root,
      "--",
      "/bin/sh",
      "-c",
      "/bin/busybox ls /; /bin/busybox cat /marker",
    ]);
    assert.equal(stderr, "");
    assert.match(stdout, /^bin\ndev\nmarker\nproc\nrun\ntmp\nhere\n$/);
  });
});
