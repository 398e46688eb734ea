import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { sliceName } from "../../helper/systemd/units.ts";
import { inspect, startSandbox, terrarium } from "./cli.ts";
import { hasScopes } from "./held-cgroups.ts";
import { needsRoot } from "./isolated.ts";
import { assertNothingLeft, takeInventory } from "./leftovers.ts";
import { makeRootfs } from "./rootfs.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-cli-"));

after(() => rmSync(folder, { recursive: true, force: true }));

test(
  "the inventory that the next tests rely on sees every part of a sandbox",
  needsRoot,
  async (t) => {
    const before = takeInventory();
    const { id } = await startSandbox(t, [], ["sleep", "600"]);
    const added = takeInventory().filter((line) => !before.includes(line));
    for (const part of [`sandboxes/${id}`, ownCgroup(id), "^process ", "^net:"]) {
      assert.ok(
        added.some((line) => new RegExp(part).test(line)),
        part,
      );
    }
  },
);

function ownCgroup(id: string): string {
  return hasScopes ? `${sliceName}/terrarium-${id}` : `cpu[^ ]*/terrarium/${id}`;
}

describe("bad input", needsRoot, () => {
  const missing = join(folder, "missing");
  /** Words, exit code, what the one sentence says. */
  const mistakes: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["run", "--no-such-flag", "--", "true"], 125, /unknown option --no-such-flag/],
    [["run", "true"], 125, /"true" stands before --/],
    [
      ["run", "--rootfs", missing, "--", "true"],
      125,
      /Cannot use .*missing: there is no such file/,
    ],
    [["run", "--rootfs", "/etc/passwd", "--", "true"], 125, /is not a directory/],
    [["run", "-v", `${missing}:/data`, "--", "true"], 125, /there is no such file/],
    [["run", "-v", "data", "--", "true"], 125, /--volume data is malformed/],
    [
      ["run", "-v", "/tmp:/proc/x", "--", "true"],
      125,
      /\/proc inside a sandbox is the sandbox's own/,
    ],
    [["run", "-w", "/no/such/dir", "--", "true"], 125, /\/no\/such\/dir/],
    [["run", "-e", "=x", "--", "true"], 125, /--env =x is malformed/],
    [["run", "--cpu-quota", "999", "--", "true"], 125, /--cpu-quota 999 is out of range/],
    [["run", "-m", "1k", "--", "true"], 125, /--memory 1k is out of range/],
    [["run", "--cpus", "0", "--", "true"], 125, /--cpus 0 is out of range/],
    [["run", "--pids-limit", "0", "--", "true"], 125, /--pids-limit 0 is out of range/],
    [["run", "--name", "../x", "--", "true"], 125, /must begin with a letter or digit/],
    [["run", "--hostname", "a b", "--", "true"], 125, /letters, digits and hyphens/],
    [["run", "--userns", "host", "--", "true"], 125, /--userns host is unknown/],
    [["run", "--landlock-ro", "/no/such", "--", "true"], 125, /\/no\/such: .*what is there inside/],
    [["run", "--overlay", "keep", "--", "true"], 125, /keep is unknown\n {2}Did you mean kept\?/],
    [
      ["run", "--cap-add", "cap_net_admni"],
      125,
      /NET_ADMNI is unknown\n {2}Did you mean NET_ADMIN/,
    ],
    [["run", "--namespace", "nett=host"], 125, /nett is unknown\n {2}Did you mean net\?/],
    [["run", "--as", "helm"], 125, /--as helm is unknown\n {2}It is one of docker, podman/],
    [["run", "--json"], 125, /--json stands beside --plan only/],
    [["run", "-t", "--", "true"], 125, /-t needs a terminal/],
    [["run", "-d", "-i", "--", "true"], 125, /-d cannot stand beside -i or -t/],
    [["run", "--", "no-such-command"], 127, /no-such-command/],
    [["run", "--", "/etc/passwd"], 126, /\/etc\/passwd/],
    [["enter", "4194304", "--", "true"], 125, /There is no process 4194304/],
    [["inspect", "4194304"], 125, /There is no process 4194304/],
    [["exec", "nobody", "--", "true"], 125, /There is no sandbox "nobody"/],
    [["stop", "nobody"], 125, /There is no sandbox "nobody"/],
    [["rm", "nobody"], 125, /There is no sandbox "nobody"/],
    [["ns", "-t", "network"], 125, /"network" is no type of namespace/],
    [["helper"], 125, /helper needs --stdio, --socket \[PATH\] or --systemd/],
    [["helper", "--socket", "/etc/passwd"], 125, /something that is no socket is there/],
    [["--helper", missing, "ps"], 125, /no helper answers there/],
  ];

  for (const [words, code, sentence] of mistakes) {
    test(`${words.join(" ").replace(folder, "…")}: one sentence, exit code ${code}, nothing left`, async () => {
      const before = takeInventory();
      const ran = await terrarium.run(words);
      assert.match(ran.stderr, sentence);
      assert.match(ran.stderr, /^terrarium: [^\n]+\n( {2}[^\n]+\n)?$/);
      assert.doesNotMatch(ran.stderr, /undefined|\bat .*:\d+|: : /);
      assert.equal(ran.stdout, "");
      assert.equal(ran.code, code);
      await assertNothingLeft(before);
    });
  }

  test("row 7, CVE-2019-19921: a root directory whose /proc leads elsewhere is refused, and nothing is mounted there", async () => {
    for (const name of ["proc", "dev"]) {
      const root = makeRootfs(join(folder, `hostile-${name}`));
      symlinkSync("/bin", join(root, name));
      const before = takeInventory();
      const ran = await terrarium.run(["run", "--rootfs", root, "--", "/bin/sh", "-c", "echo ran"]);
      assert.equal(ran.code, 125);
      assert.equal(ran.stdout, "");
      assert.match(ran.stderr, /^terrarium: The sandbox could not be made: [^\n]+\n$/);
      await assertNothingLeft(before);
    }
  });

  test("a name that is taken is refused, and the one that has it lives on", async (t) => {
    const { name, id } = await startSandbox(t, [], ["sleep", "600"]);
    const before = takeInventory();
    const { code, stderr } = await terrarium.run(["run", "--name", name, "--", "true"]);
    assert.equal(code, 125);
    assert.match(stderr, /exists already\. Choose another name, or remove it/);
    assert.deepEqual((await inspect(name)).id, id);
    await assertNothingLeft(before);
  });
});
