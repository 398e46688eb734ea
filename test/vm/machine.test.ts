import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bootMachine } from "../rig/machine.ts";

describe("the throw-away machine", () => {
  for (const architecture of ["x86_64", "aarch64"] as const) {
    it(`is an ${architecture} whose script's output and exit code come back`, async () => {
      const script = "uname -m; cat /in/file; exit 7";
      const files = { "/in/file": import.meta.filename };
      const { output, exitCode } = await bootMachine({ architecture, files, script });
      assert.equal(output.split("\n")[0], architecture);
      assert.match(output, /this very line/);
      assert.equal(exitCode, 7);
    });
  }

  it("loads kernel modules by name", async () => {
    const script = "grep overlay /proc/filesystems";
    const run = await bootMachine({ architecture: "x86_64", modules: ["overlay"], script });
    assert.deepEqual(run, { output: "nodev\toverlay\n", exitCode: 0 });
  });

  it("can pivot its root, which an initramfs cannot", async () => {
    const script = `
      mkdir /new; mount -t tmpfs new /new; mkdir /new/old
      unshare -m sh -c 'cd /new && pivot_root . old && ls -d /old/proc'`;
    const { output } = await bootMachine({ architecture: "x86_64", script });
    assert.equal(output, "/old/proc\n");
  });

  it("is an error with the console's tail where the script does not come to its end", async () => {
    const script = "echo so far; echo c > /proc/sysrq-trigger; sleep 100";
    const booting = bootMachine({ architecture: "x86_64", script });
    // Two processors write to one console: the panic may be there before the words.
    await assert.rejects(booting, /did not come to its end(?=.*so far).*Kernel panic/s);
  });

  it("is stopped when its time is over", async () => {
    const booting = bootMachine({ architecture: "x86_64", script: "sleep 1000", timeoutMs: 1_000 });
    await assert.rejects(booting, /did not end in time/);
  });
});
