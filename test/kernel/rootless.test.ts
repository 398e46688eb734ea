import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { HostFacts, HostRows } from "../../helper/protocol/hostTables.ts";
import { clientOfUser, inspect, json, list, startSandbox, terrarium } from "./cli.ts";
import { needsRoot, strangerId } from "./isolated.ts";
import { assertNothingLeft, takeInventory } from "./leftovers.ts";

/** As "ns" and "cgroups" print them with --json. */
interface Listed extends HostRows {
  readonly host: HostFacts;
}

/** The same jobs as an ordinary user; root is needed only to become one. */
describe("an ordinary user", needsRoot, () => {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-rootless-"));
  chmodSync(folder, 0o755);
  const runtime = ownFolder("runtime");
  const user = clientOfUser(strangerId);
  const env = { XDG_RUNTIME_DIR: runtime };
  const client = {
    ...user,
    run: (words: readonly string[], options = {}) => user.run(words, { env, ...options }),
  };
  after(() => rmSync(folder, { recursive: true, force: true }));

  function ownFolder(name: string): string {
    const path = join(folder, name);
    mkdirSync(path, { mode: 0o700 });
    chownSync(path, strangerId, strangerId);
    return path;
  }

  const run = (...words: string[]) => client.run(["run", ...words]);

  test("runs a command as themselves, in namespaces of their own", async () => {
    const { stdout, stderr } = await run(
      "--",
      "sh",
      "-c",
      "id -u; id -g; cat /proc/1/comm; cat /proc/self/uid_map",
    );
    assert.equal(stderr, "");
    const [uid, gid, init, map] = stdout.trim().split("\n");
    assert.deepEqual([uid, gid, init], [`${strangerId}`, `${strangerId}`, "terrarium-init"]);
    assert.equal(map?.trim().replace(/ +/g, " "), `${strangerId} ${strangerId} 1`);
  });

  test("shares the host's processes only where nothing inside can outlive the end", async (t) => {
    const sharing = ["--namespace", "pid=host"];
    const { stdout } = await run("-d", ...sharing, "--", "sleep", "600");
    t.after(() => client.run(["rm", "-f", stdout.trim()]));
    const more = await client.run(["exec", stdout.trim(), "--", "true"]);
    assert.equal(more.code, 125);
    assert.match(more.stderr, /start a process in a sandbox that shares.* a cgroup of its own/);
    const without = clientOfUser(strangerId, ["landlock_create_ruleset"]);
    const before = takeInventory();
    const bare = await without.run(["run", ...sharing, "--", "true"], { env });
    assert.equal(bare.code, 125);
    assert.match(bare.stderr, /share the host's processes.* Linux 6.12 with Landlock/);
    assert.equal((await without.run(["run", "--", "true"], { env })).code, 0);
    await assertNothingLeft(before);
  });

  test("may be root inside, and is nobody more outside", async () => {
    const workspace = ownFolder("workspace");
    const ran = await run(
      "--userns",
      "root",
      "--workspace",
      workspace,
      "--",
      "sh",
      "-c",
      "id -u; touch made; cat /proc/self/uid_map",
    );
    assert.match(ran.stdout, new RegExp(`^0\\n +0 +${strangerId} +1\\n$`));
    assert.equal(statSync(join(workspace, "made")).uid, strangerId);
  });

  test("has the exit codes of root", async () => {
    const codes: number[] = [];
    for (const command of [
      ["true"],
      ["sh", "-c", "exit 7"],
      ["sh", "-c", "kill -TERM $$"],
      ["no-such-command"],
      ["/etc/passwd"],
    ]) {
      codes.push((await run("--", ...command)).code);
    }
    assert.deepEqual(codes, [0, 7, 143, 127, 126]);
  });

  test("starts, lists, inspects, enters and removes a sandbox, and nothing is left", async (t) => {
    const before = takeInventory();
    const { name, id } = await startSandbox(t, ["--hostname", "jar"], ["sleep", "600"], client);
    const [found] = await list(client);
    assert.deepEqual([found?.id, found?.state, found?.owner], [id, "running", strangerId]);
    assert.equal(found?.processes.length, 2);
    const details = await inspect(name, client);
    assert.deepEqual(details.uidMap, [[strangerId, strangerId, 1]]);
    const exec = (...command: string[]) => client.run(["exec", name, "--", ...command]);
    assert.equal((await exec("hostname")).stdout, "jar\n");
    assert.equal((await exec("sh", "-c", "exit 5")).code, 5);
    const enter = await client.run(["enter", `${details.processes[1]?.pid}`, "--", "hostname"]);
    assert.equal(enter.stdout, "jar\n");
    assert.equal((await client.run(["rm", "-f", name])).code, 0);
    await assertNothingLeft(before);
  });

  test("row 26: does not see root's sandboxes, nor root theirs", async (t) => {
    const ofRoot = await startSandbox(t, [], ["sleep", "600"]);
    const ofUser = await startSandbox(t, [], ["sleep", "600"], client);
    assert.deepEqual(
      (await list(client)).map(({ id }) => id),
      [ofUser.id],
    );
    assert.ok((await list()).every(({ id }) => id !== ofUser.id));
    assert.equal((await client.run(["rm", "-f", ofRoot.name])).code, 125);
    assert.equal((await terrarium.run(["inspect", ofRoot.name])).code, 0);
  });

  test("reads namespaces and cgroups as far as the kernel lets them, and is told what is missing", async () => {
    const { namespaces, host } = await json<Listed>(["ns"], client);
    assert.ok(namespaces.length > 0 && host.deniedProcesses > 0);
    assert.match((await client.run(["ns"])).stdout, /did not let this user read/);
    assert.ok((await json<Listed>(["cgroups"], client)).cgroups.length > 0);
  });

  test("is refused what needs more, with a sentence that says what", async (t) => {
    const { processes } = await inspect((await startSandbox(t, [], ["sleep", "600"])).name);
    const needsRootOrDelegation = /Cannot .* (as root|not delegated to this user)/;
    const before = takeInventory();
    for (const [words, sentence] of [
      [["run", "-m", "64m", "--", "true"], needsRootOrDelegation],
      [["run", "--cpus", "0.5", "--", "true"], needsRootOrDelegation],
      [["run", "--pids-limit", "5", "--", "true"], needsRootOrDelegation],
      [["enter", `${processes[1]?.pid}`, "--", "true"], /denied .*only a helper that runs as root/],
      [["run", "--workspace", "/root/x", "--", "true"], /Cannot use \/root\/x: /],
    ] as const) {
      const ran = await client.run(words);
      assert.equal(ran.code, 125, words.join(" "));
      assert.match(ran.stderr, sentence);
      assert.match(ran.stderr, /^terrarium: [^\n]+\n$/);
    }
    await assertNothingLeft(before);
  });

  test("cannot hand root's files to a sandbox: binds are opened with the user's own rights", async () => {
    const secret = join(folder, "secret");
    writeFileSync(secret, "s3cret\n", { mode: 0o600 });
    const ran = await run("-v", `${secret}:/data/secret:ro`, "--", "cat", "/data/secret");
    assert.notEqual(ran.code, 0);
    assert.equal(ran.stdout, "");
  });

  test("row 19, CVE-2019-12439: without a session's runtime directory gets a private one, and a stranger's is refused", async (t) => {
    const other = strangerId - 1;
    const elsewhere = `/tmp/terrarium-${other}`;
    rmSync(elsewhere, { recursive: true, force: true });
    t.after(() => rmSync(elsewhere, { recursive: true, force: true }));
    const nobody = clientOfUser(other);
    assert.equal((await nobody.run(["ps"])).code, 0);
    assert.equal(statSync(elsewhere).mode & 0o777, 0o700);
    chownSync(elsewhere, 0, 0);
    const { code, stderr } = await nobody.run(["ps"]);
    assert.equal(code, 125);
    assert.match(stderr, /somebody else made it/);
  });
});
