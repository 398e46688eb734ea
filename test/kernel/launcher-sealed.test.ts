import assert from "node:assert/strict";
import { chmodSync, copyFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  asRoot,
  hostPrograms,
  launcherPath,
  runShell,
  start,
  startSleeper,
  stop,
  withDirectory,
} from "./launcher.ts";

/** The launcher's owner is user 0 of the sandbox. */
const ownersMaps = (): string[] => {
  const { uid, gid } = statSync(launcherPath);
  return ["--uid-map", `0 ${uid} 1`, "--gid-map", `0 ${gid} 1`];
};

/** What a sandbox could do to the launcher's file, if it got hold of it as CVE-2019-5736 did. */
describe("the launcher", asRoot, () => {
  it("row 2, CVE-2019-5736: runs from a sealed copy where the file's owner is somebody inside", async () => {
    const session = start(["run", ...ownersMaps(), ...hostPrograms, "--", "sleep", "1000"]);
    const init = await session.ready;
    assert.match(readlinkSync(`/proc/${init}/exe`), /memfd:launcher/);
    await stop(session);
  });

  it("row 2, CVE-2019-5736: runs from the file on disk where nobody inside could write to it", async () => {
    const { session, init } = await startSleeper();
    assert.equal(readlinkSync(`/proc/${init}/exe`), realpathSync(launcherPath));
    await stop(session);
    const write = ": >> /launcher && echo written; chmod u+s,o+w /launcher && echo changed";
    const capabilities = ["dac_override", "fowner", "chown"].flatMap((name) => [
      "--keep-cap",
      name,
    ]);
    // A copy, for the checkout may be closed to the sandbox's user; owner and mode are the launcher's.
    const { stdout, stderr } = await withDirectory((directory) => {
      const copy = join(directory, "launcher");
      copyFileSync(launcherPath, copy);
      chmodSync(directory, 0o755);
      return runShell(write, ["--bind", copy, "/launcher", ...capabilities]);
    });
    assert.equal(stdout, "");
    assert.match(stderr, /launcher: Permission denied/);
  });

  it("passes its options on to the sealed copy", async () => {
    const session = start(["run", "--args", "4", "--", "hostname"]);
    const pipe = session.process.stdio[4];
    assert.ok(pipe && "end" in pipe);
    pipe.end([...ownersMaps(), ...hostPrograms, "--hostname", "sealed", ""].join("\0"));
    assert.equal((await session.ended).stdout, "sealed\n");
  });
});
