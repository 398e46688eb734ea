import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import type { FeatureReport } from "../../helper/protocol/features.ts";
import type { SandboxPlan } from "../../helper/protocol/plan.ts";
import { clientOfUser, inspect, json, startSandbox, terrarium } from "./cli.ts";
import { needsRoot } from "./isolated.ts";
import { hostPrograms, launcherPath, start, stop } from "./launcher.ts";
import { assertNothingLeft, takeInventory } from "./leftovers.ts";

/** A user of every Debian, because newuidmap wants one with a name, whose group has the same number. */
const backup = 34;
const range = { start: 0x2000_0000, count: 65_536 };
const line = `backup:${range.start}:${range.count}\n`;
const files = ["/etc/subuid", "/etc/subgid"] as const;

describe("an ordinary user who is root inside", needsRoot, () => {
  const runtime = mkdtempSync(join(tmpdir(), "terrarium-subordinate-"));
  chmodSync(runtime, 0o700);
  chownSync(runtime, backup, backup);
  const user = clientOfUser(backup);
  const env = { XDG_RUNTIME_DIR: runtime };
  const client = {
    ...user,
    run: (words: readonly string[], options = {}) => user.run(words, { env, ...options }),
  };
  const asRoot = ["--userns", "root"];
  const run = (...words: string[]) => client.run(["run", ...asRoot, ...words]);
  after(() => rmSync(runtime, { recursive: true, force: true }));

  /** Only our own line comes and goes: others may be edited meanwhile. */
  async function withRanges(names: readonly string[], use: () => Promise<void>): Promise<void> {
    const edit = (change: (text: string) => string) => {
      for (const file of names) writeFileSync(file, change(readFileSync(file, "utf8")));
    };
    edit((text) => text + line);
    try {
      await use();
    } finally {
      edit((text) => text.replace(line, ""));
    }
  }

  test("has 65,536 ids, and may become any of them", async () => {
    const before = takeInventory();
    await withRanges(files, async () => {
      const { stdout, stderr } = await run(
        ...["--", "sh", "-c"],
        "cat /proc/self/uid_map; touch /tmp/made; chown 42:65535 /tmp/made; stat -c %u:%g /tmp/made; setpriv --reuid 33 --regid 33 --groups 7 id -G",
      );
      assert.equal(stderr, "");
      const [own, further, ...rest] = stdout.trim().split("\n");
      assert.equal(own?.trim().replace(/ +/g, " "), `0 ${backup} 1`);
      assert.equal(further?.trim().replace(/ +/g, " "), `1 ${range.start} 65535`);
      assert.deepEqual(rest, ["42:65535", "33 7"]);
    });
    await assertNothingLeft(before);
  });

  test("enters, lists and ends what runs as another id there", async (t) => {
    const before = takeInventory();
    await withRanges(files, async () => {
      const command = ["setpriv", "--reuid", "33", "--regid", "33", "--clear-groups", "sleep"];
      const { name } = await startSandbox(t, asRoot, [...command, "600"], client);
      const exec = await client.run(["exec", name, "--", "id", "-u"]);
      assert.equal(exec.stdout, "33\n");
      const { processes, uidMap } = await inspect(name, client);
      assert.equal(processes.length, 2);
      assert.deepEqual(uidMap.at(-1), [1, range.start, 65_535]);
      assert.equal((await client.run(["rm", "-f", name])).code, 0);
    });
    await assertNothingLeft(before);
  });

  test("shares namespaces of their own sandboxes, and of nobody else's", async (t) => {
    const theirs = await startSandbox(t, [], ["sleep", "600"]);
    const holder = (await inspect(theirs.name)).processes[1]?.pid;
    const { name } = await startSandbox(t, ["--hostname", "jar"], ["sleep", "600"], client);
    const shared = await client.run([
      ...["run", "--namespace", `uts=${name}`, "--", "sh", "-c", "hostname; id -u"],
    ]);
    assert.deepEqual([shared.stdout, shared.stderr], [`jar\n${backup}\n`, ""]);
    for (const [whose, sentence] of [
      [theirs.name, /There is no sandbox/],
      [`${holder}`, /denied reading process|ids that its user namespace does not know/],
      [`/proc/${holder}/ns/net`, /who is not root joins no namespace without it/],
      [`${process.pid}`, /ids that its user namespace does not know|denied reading process/],
    ] as const) {
      const ran = await client.run(["run", "--namespace", `net=${whose}`, "--", "true"]);
      assert.equal(ran.code, 125);
      assert.match(ran.stderr, sentence);
    }
    const noUser = await client.run(["run", "--namespace", "user=host", "--", "true"]);
    assert.match(noUser.stderr, /only root makes other namespaces without a new user namespace/);
    const network = await client.run(["run", "--network", "host", "--", "cat", "/proc/net/dev"]);
    assert.equal(
      network.stdout.split("\n").length,
      readFileSync("/proc/net/dev", "utf8").split("\n").length,
    );
  });

  test("has one id without a range in both files, and features says what is missing", async () => {
    const feature = async () => {
      const all = await json<readonly FeatureReport[]>(["features"], client);
      return all.find((one) => one.name === "subordinate ids");
    };
    await withRanges(["/etc/subuid"], async () => {
      assert.equal((await run("--", "wc", "-l", "/proc/self/uid_map")).stdout.split(" ")[0], "1");
      assert.match((await feature())?.answer ?? "", /no a? ?line for backup in \/etc\/subgid/);
    });
    await withRanges(files, async () => {
      assert.deepEqual((await feature())?.answer, "65536 ids in /etc/subuid");
      const plan = await json<SandboxPlan>(["run", ...asRoot, "--plan"], client);
      assert.deepEqual(plan.uidMap, [
        [0, backup, 1],
        [1, range.start, 65_535],
      ]);
    });
  });
});

test("newuidmap is trusted only where it is root's alone", needsRoot, async () => {
  const folder = mkdtempSync(join(tmpdir(), "terrarium-idtool-"));
  try {
    chmodSync(folder, 0o755);
    cpSync(launcherPath, join(folder, "launcher"));
    const tool = join(folder, "newuidmap");
    writeFileSync(tool, "#!/bin/sh\n", { mode: 0o755 });
    chownSync(tool, backup, backup);
    const maps = ["--uid-map", `0 ${backup} 1`, "--uid-map", `1 ${range.start} 9`];
    const identity = ["--reuid", `${backup}`, "--regid", `${backup}`, "--clear-groups"];
    const script = 'mount --bind "$1" /usr/bin/newuidmap && shift && exec setpriv "$@"';
    const words = [tool, ...identity, join(folder, "launcher"), "run", ...maps, "--", "true"];
    const ran = spawnSync("unshare", ["--mount", "sh", "-c", script, "sh", ...words], {
      encoding: "utf8",
    });
    assert.equal(ran.status, 125);
    assert.match(ran.stderr, /newuidmap: Operation not permitted; it is not root's alone/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

describe("a range for a sandbox of root", needsRoot, () => {
  test("is none that a user namespace of somebody else's maps, written down or not", async (t) => {
    const rangeNow = async () => {
      const { uidMap } = await json<SandboxPlan>(["run", "--plan"]);
      return uidMap[0]?.[1] ?? 0;
    };
    const free = await rangeNow();
    // Two blocks, and a process that runs in the first only.
    const map = `0 ${free} 131072`;
    const maps = ["--uid-map", map, "--gid-map", map];
    const session = start(["run", ...maps, ...hostPrograms, "--", "sleep", "600"]);
    t.after(() => stop(session));
    await session.ready;
    const next = await rangeNow();
    assert.ok(next >= free + 131_072, `${free} ${next}`);
    const ran = await terrarium.run(["run", "--", "cat", "/proc/self/uid_map"]);
    assert.ok(Number(ran.stdout.trim().split(/ +/)[1]) >= free + 131_072);
  });
});
