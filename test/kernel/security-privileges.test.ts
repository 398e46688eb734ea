import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { describe, test } from "node:test";
import { clientOfUser, eventually, inspect, startSandbox, terrarium } from "./cli.ts";
import { shell } from "./inside.ts";
import { needsRoot, strangerId } from "./isolated.ts";
import { asRoot, hostPrograms, idMaps, launch, runShell, startSleeper, stop } from "./launcher.ts";

describe("ids", asRoot, () => {
  const odd = ["", " ", "1000:", ":5", "0x0", "+1", "-1", "1 000", "1e3", "4294967295", "٣"];

  test("row 9, CVE-2026-30892: that are no plain number are refused, and never mean root", async () => {
    for (const option of ["--uid", "--gid", "--owner"])
      for (const text of odd) {
        const { code, events } = await launch(["run", ...idMaps, option, text, "--", "/none"]);
        assert.deepEqual([code, events[0]?.stage], [125, "options"], `${option} ${text}`);
      }
  });

  test("row 9, CVE-2026-30892: of an ordinary user are their own, and not root's, by default", async () => {
    const { stdout } = await clientOfUser(strangerId).run(["run", "--", "id", "-u"]);
    assert.equal(stdout, `${strangerId}\n`);
  });
});

describe("capabilities of whoever starts the launcher", asRoot, () => {
  const given = "+chown,+net_raw,+setuid";
  const prefix = ["setpriv", "--inh-caps", given, "--ambient-caps", given];
  const command = ["--", "grep", "-E", "^Cap(Inh|Amb)", "/proc/self/status"];
  const none = "CapInh:\t0000000000000000\nCapAmb:\t0000000000000000\n";

  test("row 11, CVE-2022-24769, CVE-2022-27649, CVE-2022-27650, CVE-2022-29162: are neither inheritable nor ambient inside", async () => {
    const options = [...idMaps, ...hostPrograms, "--keep-cap", "chown"];
    assert.equal((await launch(["run", ...options, ...command], { prefix })).stdout, none);
    const { session, command: target } = await startSleeper(["--keep-cap", "chown"]);
    const namespaces = ["--namespaces", "pid,mnt,net,uts,ipc,cgroup,user", "--follow"];
    const line = ["enter", "--pid", `${target}`, ...namespaces, "--env", "PATH=/bin", ...command];
    assert.equal((await launch(line, { prefix })).stdout, none);
    await stop(session);
  });
});

describe("cgroups", asRoot, () => {
  test("row 12, CVE-2022-0492, CVE-2023-25809: are neither seen nor mounted inside", async () => {
    const script = "grep -c cgroup /proc/self/mountinfo; mount -t cgroup x /tmp && echo mounted";
    assert.equal((await runShell(script, ["--keep-cap", "sys_admin"])).stdout, "0\n");
  });

  test("row 12, CVE-2022-0492, CVE-2023-25809: belong to nobody inside, should they be mounted after all", async () => {
    const files = ["release_agent", "notify_on_release", "memory.limit_in_bytes", "memory.max"];
    const script = [
      "mount -t cgroup -o memory x /tmp 2>/dev/null || mount -t cgroup2 x /tmp; echo $?; ls /tmp | wc -l",
      ...[...files, "cgroup.procs"].map((file) => `echo 0 > /tmp/${file} && echo wrote ${file}`),
      "mkdir /tmp/below && echo made",
    ];
    const kept = ["sys_admin", "dac_override", "chown", "fowner"];
    const all = ["--seccomp", "none", ...kept.flatMap((name) => ["--keep-cap", name])];
    const [mounted, entries, ...rest] = (await runShell(script.join("\n"), all)).stdout
      .trim()
      .split("\n");
    assert.equal(mounted, "0", "the attack got this far");
    assert.ok(Number(entries) > 5);
    assert.deepEqual(rest, []);
  });

  test("row 13, CVE-2021-4197: are open in no process of a sandbox, by which it could move others", async (t) => {
    const { name } = await startSandbox(t, ["--pids-limit", "50"], ["sleep", "600"]);
    const client = terrarium.start(["exec", name, "--", "sleep", "601"]);
    t.after(() => client.kill("SIGKILL"));
    await eventually("it is entered", async () => (await inspect(name)).processes.length === 3);
    for (const { pid } of (await inspect(name)).processes) {
      const links = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
      assert.deepEqual(
        links.filter((path) => /cgroup/.test(path)),
        [],
      );
    }
  });
});

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

describe("the launcher of an ordinary user", needsRoot, () => {
  test("row 18, CVE-2016-8659, CVE-2020-5291: gives its caller no hold of init, and no way back to privilege", async (t) => {
    const user = clientOfUser(strangerId);
    const { name } = await startSandbox(t, [], ["sleep", "600"], user);
    const [init, command] = (await inspect(name, user)).processes;
    const asUser = (...words: string[]) =>
      spawnSync("setpriv", ["--reuid", `${strangerId}`, "--clear-groups", ...words]).status;
    for (const file of ["environ", "maps"])
      assert.notEqual(asUser("cat", `/proc/${init?.pid}/${file}`), 0, file);
    for (const link of ["exe", "root", "fd/0"])
      assert.notEqual(asUser("readlink", `/proc/${init?.pid}/${link}`), 0, link);
    assert.notEqual(asUser("timeout", "5", "strace", "-qp", `${init?.pid}`), 124);
    assert.equal(asUser("readlink", `/proc/${command?.pid}/exe`), 0, "their own process is theirs");
    const back = "setpriv --reuid 0 true || unshare -U true || su -c true root || echo no";
    assert.equal((await user.run(["exec", name, "--", "sh", "-c", back])).stdout, "no\n");
  });
});

describe("one layer of confinement", needsRoot, () => {
  const facts = {
    noNewPrivileges: "grep -c '^NoNewPrivs:.1' /proc/self/status",
    filter: "grep -c '^Seccomp:.2' /proc/self/status",
    capabilities: "grep CapBnd /proc/self/status | cut -f2",
    network: "tail -n +3 /proc/net/dev | wc -l",
    files: "cat /etc/shadow 2>/dev/null | wc -c; ls /root /home 2>/dev/null | wc -l",
    openFiles: "ulimit -n",
  } as const;
  const read = async (...options: string[]): Promise<string[]> =>
    (await shell(Object.values(facts).join("\n"), ...options)).split("\n");

  test("row 27: that is asked for or left out switches no other off", async () => {
    const usual = await read();
    const changed = async (...options: string[]): Promise<string[]> => {
      const now = await read(...options);
      return Object.keys(facts).filter((_, place) => {
        // `files` has two lines, and stands before the last.
        const at = place === 5 ? 6 : place;
        return now[at] !== usual[at] || (place === 4 && now[5] !== usual[5]);
      });
    };
    assert.deepEqual(await changed("--seccomp", "none"), ["filter"]);
    assert.deepEqual(await changed("--cap-add", "ALL"), ["capabilities"]);
    assert.deepEqual(await changed("--cap-drop", "ALL"), ["capabilities"]);
    assert.deepEqual(await changed("--landlock-rw", "/"), []);
    assert.deepEqual(await changed("--scope", "signals"), []);
    assert.deepEqual(await changed("--ulimit", "nofile=99"), ["openFiles"]);
    assert.deepEqual(await changed("--no-init"), []);
    assert.deepEqual(await changed("-v", "/usr/share:/data"), []);
  });
});
