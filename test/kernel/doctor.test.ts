import assert from "node:assert/strict";
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { DoctorFinding, DoctorReport } from "../../helper/protocol/doctor.ts";
import { checkout } from "../rig/prepare.mjs";
import { type Client, clientOf, clientOfUser, collect, terrarium } from "./cli.ts";
import { needsRoot, startIsolated, strangerId } from "./isolated.ts";
import { assertNothingLeft, takeInventory } from "./leftovers.ts";
import { buildWithout, mountCalls } from "./without.ts";

async function examine(client: Client): Promise<DoctorReport & { readonly code: number }> {
  const { code, stdout, stderr } = await client.run(["doctor", "--json"]);
  assert.notEqual(stdout, "", stderr);
  return { ...JSON.parse(stdout), code };
}

function find({ findings }: DoctorReport, name: string): DoctorFinding {
  const found = findings.find((finding) => finding.name === name);
  assert.ok(found, name);
  return found;
}

const userSandbox = "sandboxes of an ordinary user";
const ownSandbox = "sandboxes of this helper";

/** The ordinary user's client, started by other words. */
function userBehind(...words: readonly string[]): Client {
  return clientOf([...words, ...clientOfUser(strangerId).command]);
}

/** A shell script by root that ends as the client. */
function userAfter(script: string, ...unshare: readonly string[]): Client {
  return userBehind(...unshare, "sh", "-c", `${script} && exec "$@"`, "sh");
}

describe("the doctor", needsRoot, () => {
  test("finds that sandboxes can be made, and leaves nothing of those that it made", async () => {
    const before = takeInventory();
    const report = await examine(terrarium);
    assert.equal(find(report, ownSandbox).verdict, "fine", find(report, ownSandbox).answer);
    assert.equal(find(report, userSandbox).verdict, "fine", find(report, userSandbox).answer);
    assert.deepEqual([report.as, report.code], ["root", 0]);
    await assertNothingLeft(before);
  });

  test("tells an ordinary user, too, what is lacking", async () => {
    const report = await examine(clientOfUser(strangerId));
    assert.equal(find(report, userSandbox).verdict, "fine");
    const limits = find(report, "limits");
    assert.deepEqual([limits.verdict, limits.answer], ["lacking", "there is none"]);
    assert.equal(report.code, 0);
  });

  test("says nothing that must not be pasted into a bug report", async () => {
    const host = "a-name-of-somebody";
    const user = userAfter(`hostname ${host}`, "unshare", "-u");
    const report = JSON.stringify(await examine(user));
    for (const secret of [host, userInfo().homedir, checkout, tmpdir(), `${strangerId}`]) {
      assert.ok(!report.includes(secret), secret);
    }
  });

  test("names the limit of user namespaces when it is 0, with the command that raises it", async (t) => {
    const enter = await inOwnUserNamespace(t);
    const report = await examine(clientOf([...enter, ...clientOfUser(strangerId).command]));
    const { verdict, answer, fix } = find(report, userSandbox);
    assert.equal(verdict, "broken");
    assert.match(answer, /^stage namespaces, clone3, ENOSPC: the limit user.max_user_namespaces/);
    assert.match(fix?.command?.at(-1) ?? "", /user\.max_user_namespaces=\d+ > \/etc\/sysctl\.d\//);
    assert.equal(report.code, 125);
  });

  test("runs a fix after a yes, in sight, and looks again", async (t) => {
    const enter = await inOwnUserNamespace(t);
    const ownFiles = ["unshare", "-m", "sh", "-c"];
    const script = 'mount -t tmpfs none /etc/sysctl.d && exec script -qefc "$*" /dev/null';
    const client = clientOf([...enter, ...ownFiles, script, "sh", ...terrarium.command]);
    const child = client.start(["doctor", "--fix"]);
    child.stdout.on("data", (text: Buffer) => {
      if (text.includes("[y/N]")) child.stdin.write("y\n");
    });
    const { stdout } = await collect(child);
    const [before = "", ...rest] = stdout.split(/Run sudo sh -c .*user\.max_user_namespaces/);
    const after = rest.join("");
    assert.match(before, /ENOSPC: the limit\s+user.max_user_namespaces/);
    assert.match(after, /Terrarium \S+ as root/);
    assert.doesNotMatch(after, /ENOSPC: the limit/);
  });

  test("names the covered files of /proc, as a container around it has them", async () => {
    const masked = userAfter("mount --bind /dev/null /proc/uptime", "unshare", "-m");
    const { verdict, answer } = find(await examine(masked), userSandbox);
    assert.equal(verdict, "broken");
    assert.match(answer, /proc, EPERM: files of \/proc are covered/);
  });

  test("names the filter around it that forbids mounts", async (t) => {
    const folder = temporaryFolder(t);
    const filter = { missing: [...mountCalls, "mount"], answer: "EPERM" } as const;
    const behind = buildWithout(folder, filter, "/usr/bin/setpriv");
    const [, ...words] = clientOfUser(strangerId).command;
    const { verdict, answer } = find(await examine(clientOf([behind, ...words])), userSandbox);
    assert.equal(verdict, "broken");
    assert.match(answer, /EPERM: a system-call filter is in force/);
  });

  test("says that no program gains privileges, where it was started so", async () => {
    const report = await examine(userBehind("setpriv", "--no-new-privs"));
    assert.equal(find(report, "new privileges").verdict, "lacking");
  });

  test("says that the processes of others are hidden", async () => {
    const hide = userAfter("mount -o remount,hidepid=invisible /proc", ...ownProc);
    const { verdict, answer } = find(await examine(hide), "processes of others");
    assert.deepEqual([verdict, answer], ["lacking", "hidepid=invisible"]);
  });

  test("warns that root runs what another user may change", async (t) => {
    const folder = temporaryFolder(t);
    for (const part of ["bin", "native", "package.json"]) {
      cpSync(join(checkout, "dist", part), join(folder, "dist", part), { recursive: true });
    }
    const copy = clientOf([process.execPath, join(folder, "dist/bin/terrarium")]);
    const name = "files that root runs";
    const before = find(await examine(copy), name);
    chownSync(join(folder, "dist/native/launcher"), strangerId, strangerId);
    const after = find(await examine(copy), name);
    assert.deepEqual([before.verdict, after.verdict], ["fine", "broken"]);
  });
});

const ownProc = ["unshare", "-m", "-p", "-f", "--mount-proc"];

/** The words that enter, as its root, a user namespace of 65,536 ids that makes no other. */
async function inOwnUserNamespace(t: TestContext): Promise<readonly string[]> {
  const { pid } = await startIsolated(t, ["-U"], 'echo "$$"; exec sleep 600');
  for (const file of ["uid_map", "gid_map"]) writeFileSync(`/proc/${pid}/${file}`, "0 0 65536");
  const enter = ["nsenter", "-t", `${pid}`, "-U", "-S", "0", "-G", "0"];
  const none = "echo 0 > /proc/sys/user/max_user_namespaces";
  return [...enter, "sh", "-c", `${none} && exec "$@"`, "sh"];
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-doctor-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  return folder;
}
