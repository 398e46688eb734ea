import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { asRoot, hostPrograms, launch, runShell, until, withDirectory } from "./launcher.ts";

/** A directory of the host's root: what everybody may read there, and what only root may. */
function withConfiguration(use: (directory: string) => Promise<void>): Promise<void> {
  return withDirectory(async (directory) => {
    chmodSync(directory, 0o755);
    const write = (name: string, mode: number) => {
      writeFileSync(join(directory, name), "content\n");
      chmodSync(join(directory, name), mode);
    };
    write("public", 0o644);
    write("secret", 0o600);
    write("group", 0o640);
    mkdirSync(join(directory, "closed"));
    write("closed/inner", 0o644);
    chmodSync(join(directory, "closed"), 0o750);
    writeFileSync(join(directory, "ssh_config"), "Include /etc/included\n");
    writeFileSync(join(directory, "included"), "User diver\n");
    writeFileSync(join(directory, "passwd"), "root:x:0:0::/:/bin/sh\n");
    await use(directory);
  });
}

const attempts = "cat /etc/secret /etc/group /etc/closed/inner 2>/dev/null; ls /etc/closed; true";

describe("a view of the host's files", asRoot, () => {
  it("shows their owners as they are, so that ssh takes a file that another includes", async () => {
    await withConfiguration(async (directory) => {
      chownSync(join(directory, "group"), 1000, 42);
      const script = "stat -c %u:%g /etc /etc/secret /etc/group; ssh -G -F /etc/ssh_config tide";
      const view = await runShell(script, ["--view", directory, "/etc"]);
      assert.match(view.stdout, /^0:0\n0:0\n1000:42\n/);
      assert.match(view.stdout, /^user diver$/m);
      const plain = await runShell(script, ["--ro-bind", directory, "/etc"]);
      assert.match(plain.stderr, /Bad owner or permissions on \/etc\/included/);
    });
  });

  it("opens nothing that a stranger could not open, which an id-mapped bind does", async () => {
    await withConfiguration(async (directory) => {
      const view = await runShell(`cat /etc/public; ${attempts}`, ["--view", directory, "/etc"]);
      assert.equal(view.stdout, "content\n");
      const naive = await runShell(attempts, ["--ro-idmap-bind", directory, "/etc"]);
      assert.equal(naive.stdout, "content\ncontent\ncontent\ninner\n");
    });
  });

  it("does not open to a user inside what only that user's namesake on the host may read", async () => {
    await withConfiguration(async (directory) => {
      chownSync(join(directory, "secret"), 1000, 1000);
      const run = (option: string) =>
        runShell("cat /etc/secret", ["--uid", "1000", "--gid", "1000", option, directory, "/etc"]);
      assert.equal((await run("--view")).stdout, "");
      assert.equal((await run("--ro-idmap-bind")).stdout, "content\n");
    });
  });

  it("closes a file that was open to all, from the moment that it is not", async () => {
    await withConfiguration(async (directory) => {
      const script =
        "cat /etc/public; touch /w/read; while [ ! -e /w/closed ]; do sleep 0.02; done";
      const run = async (option: string) => {
        chmodSync(join(directory, "public"), 0o644);
        return withDirectory(async (signals) => {
          chmodSync(signals, 0o777);
          const options = [option, directory, "/etc", "--bind", signals, "/w"];
          const ran = runShell(`${script}; cat /etc/public /etc/late`, options);
          await until(() => existsSync(join(signals, "read")), "it was read");
          chmodSync(join(directory, "public"), 0o600);
          writeFileSync(join(directory, "late"), "content\n", { mode: 0o600 });
          writeFileSync(join(signals, "closed"), "");
          return (await ran).stdout;
        });
      };
      assert.equal(await run("--view"), "content\n");
      assert.equal(await run("--ro-idmap-bind"), "content\ncontent\ncontent\n");
    });
  });

  it("is read-only, and its set-uid programs are none", async () => {
    await withConfiguration(async (directory) => {
      const script = "echo x > /etc/public; touch /etc/new; grep ' /etc ' /proc/self/mountinfo";
      const { stdout, stderr } = await runShell(script, ["--view", directory, "/etc"]);
      assert.equal(stderr.match(/Read-only file system/g)?.length, 2);
      assert.match(stdout, / \/etc ro,nosuid,nodev/);
    });
  });

  it("of what cannot be id-mapped is an error that names it, or as --view-try a plain bind", async () => {
    const view = await runShell("true", ["--view", "/proc/sys", "/view"]);
    const { stage, call, hint } = view.events[0] ?? {};
    assert.deepEqual([view.code, stage, call], [125, "idmap", "mount_setattr"]);
    assert.match(hint ?? "", /procfs/);
    const { stdout } = await runShell("stat -c %u /view", ["--view-try", "/proc/sys", "/view"]);
    assert.equal(stdout, "65534\n");
  });

  it("needs an id that owns nothing, and says so", async () => {
    const maps = ["--uid-map", "0 100000 1000", "--gid-map", "0 100000 1000"];
    const { events } = await launch(["run", ...maps, "--view", "/etc", "/etc", "--", "true"]);
    assert.match(events[0]?.hint ?? "", /must hold the id 65535/);
    const tried = [...hostPrograms, "--view-try", "/etc", "/etc"];
    const { stdout } = await launch(["run", ...maps, ...tried, "--", "stat", "-c%u", "/etc"]);
    assert.equal(stdout, "65534\n");
  });
});
