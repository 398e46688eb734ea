import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { strangerId } from "./isolated.ts";
import {
  asRoot,
  childrenOf,
  hostPrograms,
  idMaps,
  launch,
  launcherPath,
  start,
  until,
} from "./launcher.ts";

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
    for (let round = 0; round < 1000; round++) {
      /* A static program opens nothing by itself, as /bin/true does when it loads its libraries. */
      const { code } = await launch([
        ...[...enter, "--follow", "--seccomp", round % 2 ? "target" : "default"],
        ...["--", "/attacks/swap"],
      ]);
      assert.equal(code, 1);
    }
    session.process.kill("SIGTERM");
    assert.equal((await session.ended).stdout, "waiting\n");
  });

  /* Same user, and no change of ids that would make the kernel hide the newcomer by itself. */
  it("row 1, CVE-2016-9962: gets neither from the sandbox of an ordinary user, who is the same inside and outside", async () => {
    const [id, copy] = [`${strangerId}`, join(directory, "launcher")];
    copyFileSync(launcherPath, copy);
    const asUser = ["setpriv", "--reuid", id, "--regid", id, "--clear-groups"];
    const prefix = [...asUser, "sh", "-c", 'shift; exec "$0" "$@"', copy];
    const same = [
      "--uid",
      id,
      "--gid",
      id,
      "--uid-map",
      `${id} ${id} 1`,
      "--gid-map",
      `${id} ${id} 1`,
    ];
    const options = [...same, ...hostPrograms, "--ro-bind", directory, "/attacks"];
    const session = start(["run", ...options, "--", "/attacks/ambush"], { prefix });
    const init = await session.ready;
    await until(() => session.output() === "waiting\n", "the ambush is laid");
    const target = await until(() => childrenOf(init)[0], "it is there");
    const namespaces = ["--namespaces", "pid,mnt,net,uts,ipc,cgroup,user", "--follow"];
    const entering = start(
      ["enter", "--pid", `${target}`, ...namespaces, "--sync-fd", "4", "--", "/attacks/swap"],
      { prefix, input: "" },
    );
    await entering.ready;
    await sleep(200); // the ambush looks at it all the time, as it waits for our byte
    const go = entering.process.stdio[4];
    assert.ok(go && "end" in go);
    go.end("x");
    assert.equal((await entering.ended).code, 1);
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
