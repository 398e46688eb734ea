import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { asRoot, childrenOf, hostPrograms, idMaps, launch, start, until } from "./launcher.ts";

describe("an attacker who is faster than the launcher", asRoot, () => {
  let directory = "";
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "terrarium-races-"));
    for (const name of ["ambush", "swap"]) {
      const source = fileURLToPath(new URL(`attacks/${name}.c`, import.meta.url));
      execFileSync("gcc", ["-O1", "-static", "-o", join(directory, name), source]);
    }
    execFileSync("chmod", ["755", directory]);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it("row 1, CVE-2016-9962: gets neither program nor descriptors of who enters, even with CAP_SYS_PTRACE inside", async () => {
    const options = ["--ro-bind", directory, "/attacks", "--keep-cap", "sys_ptrace"];
    const session = start(["run", ...idMaps, ...hostPrograms, ...options, "--", "/attacks/ambush"]);
    const init = await session.ready;
    await until(() => session.output() === "waiting\n", "the ambush is laid");
    const target = await until(() => childrenOf(init)[0], "it is there");
    const enter = [
      "enter",
      "--pid",
      String(target),
      "--namespaces",
      "pid,mnt,net,uts,ipc,cgroup,user",
    ];
    for (let round = 0; round < 50; round++) {
      /* A static program opens nothing by itself, as /bin/true does when it loads its libraries. */
      const { code } = await launch([
        ...[...enter, "--follow", "--seccomp", "default"],
        ...["--", "/attacks/swap"],
      ]);
      assert.equal(code, 1);
    }
    session.process.kill("SIGTERM");
    assert.equal((await session.ended).stdout, "waiting\n");
  });

  it("row 4, CVE-2021-30465, CVE-2024-45310: has nothing made outside a root directory whose links change all the time", async () => {
    const [rootfs, canary] = [join(directory, "rootfs"), join(directory, "canary")];
    const [target, link] = [join(rootfs, "target"), join(rootfs, "link")];
    for (const made of [rootfs, canary, target]) mkdirSync(made);
    symlinkSync(canary, link);
    execFileSync("chown", ["-hR", "100000:100000", rootfs, canary]);
    const swap = spawn(join(directory, "swap"), [target, link], { stdio: "ignore" });
    const outcomes = new Set<number | null>();
    try {
      for (let round = 0; round < 100; round++) {
        const options = [
          "--rootfs",
          rootfs,
          "--tmpfs",
          `/target/inner${round}`,
          "--dir",
          "/target/a/b",
        ];
        outcomes.add((await launch(["run", ...idMaps, ...options, "--", "/none"])).code);
      }
    } finally {
      swap.kill("SIGKILL");
    }
    assert.deepEqual(readdirSync(canary), []);
    assert.ok(outcomes.has(127), "some got as far as their command");
  });
});
