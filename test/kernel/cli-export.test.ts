import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { clientOfUser, terrarium } from "./cli.ts";
import { needsRoot } from "./isolated.ts";

const user = 4242;
const folder = mkdtempSync(join(tmpdir(), "terrarium-export-"));
chmodSync(folder, 0o755);
const data = join(folder, "it's data");
mkdirSync(data);
writeFileSync(join(data, "marker"), "");
after(() => rmSync(folder, { recursive: true, force: true }));

/** What the sandbox itself prints, so that the two can be compared word by word. */
const questions = [
  "hostname",
  "id -u",
  'echo "$TIDE|$PASSED|$HIDDEN|$HOME|$container"',
  "ls /",
  // bubblewrap makes /dev/core, a link to /proc/kcore, too.
  "ls /dev | grep -v core",
  "ls /data",
  "touch /data/new 2>/dev/null || echo read-only",
  "touch /usr/new 2>/dev/null || echo read-only",
  "touch /tmp/new && echo writable",
  "tail -n +3 /proc/net/dev | cut -d: -f1",
  "readlink /proc/self/cwd",
  "grep -E '^(NoNewPrivs|CapEff|CapBnd)' /proc/self/status",
];

const options = [
  ...["--name", "tide-table", "--hostname", "tide-table", "--userns", "root", "-w", "/usr/lib"],
  ...["-e", "TIDE=it's $HOME `high`", "-v", `${data}:/data:ro`],
];

const asUser = ["--reuid", `${user}`, "--regid", `${user}`, "--clear-groups"];

/** Runs an exported command line as the ordinary user, with a shell, as a person would. */
function runExport(text: string) {
  const { stdout, stderr } = spawnSync("setpriv", [...asUser, "sh", "-c", text], {
    cwd: "/",
    encoding: "utf8",
    env: { PATH: process.env["PATH"], PASSED: "a b", HIDDEN: "no" },
    timeout: 60_000,
  });
  return { lines: stdout.trimEnd().split("\n"), stderr };
}

describe("run --as", needsRoot, () => {
  for (const tool of ["bwrap", "unshare"]) {
    test(`${tool} gives a command that shows the same inside as the sandbox itself`, async () => {
      const client = clientOfUser(user);
      const config = join(folder, `${tool}.json`);
      writeFileSync(config, JSON.stringify({ passEnv: ["PASSED"] }));
      const run = (extra: readonly string[]) =>
        client.run(
          [
            ...["run", ...extra, "--config", config, ...options],
            ...["--", "sh", "-c", questions.join(";")],
          ],
          { env: { PASSED: "a b", HIDDEN: "no" } },
        );
      const exported = await run(["--as", tool]);
      assert.equal(exported.stderr, "");
      const there = runExport(exported.stdout);
      const here = await run([]);
      assert.equal(there.stderr, here.stderr);
      const capabilities = /^Cap/;
      assert.deepEqual(
        there.lines.filter((line) => !capabilities.test(line)),
        here.stdout
          .trimEnd()
          .split("\n")
          .filter((line) => !capabilities.test(line)),
      );
      assert.ok(there.lines.includes("CapBnd:\t0000000000000000"), "it keeps none");
      assert.match(exported.stdout, /# not expressed: .*filter/);
    });
  }

  test("oci gives a config.json with the same mounts, limits and capabilities", async () => {
    const words = ["run", "--as", "oci", "-m", "64m", ...options, "--", "true"];
    const config = JSON.parse((await terrarium.run(words)).stdout);
    assert.equal(config.linux.resources.memory.limit, 64 * 1024 * 1024);
    assert.deepEqual(config.process.args, ["true"]);
    assert.ok(config.process.noNewPrivileges);
    assert.ok(!config.process.capabilities.bounding.includes("CAP_SYS_ADMIN"));
    const bind = config.mounts.find(
      (mount: { destination: string }) => mount.destination === "/data",
    );
    assert.equal(bind.source, data);
    assert.ok(bind.options.includes("ro"));
    assert.equal(config.linux.uidMappings[0].size, 65_536);
    assert.match(config.annotations["terrarium.not-expressed"], /filter/);
  });

  test("docker and podman give a command line whose words survive the shell", async () => {
    for (const tool of ["docker", "podman"]) {
      const words = ["run", "--as", tool, "-m", "64m", ...options, "--", "echo", "it's"];
      const { stdout } = await terrarium.run(words);
      // The engine is replaced by a function that prints what it was given.
      const script = `${tool}() { if [ "$1" = run ]; then printf '%s\\n' "$@"; fi; }; ${stdout}`;
      const given = execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("\n");
      assert.ok(given.includes("TIDE=it's $HOME `high`"), stdout);
      assert.ok(given.includes(`type=bind,source=${data},target=/data,readonly`), stdout);
      assert.deepEqual(given.slice(-4), ["terrarium-host", "echo", "it's", ""]);
      assert.equal(given[given.indexOf("--memory") + 1], "67108864");
    }
  });

  test("a name with a line break cannot end a comment and become a command", async () => {
    const odd = join(folder, "a\ntouch \u2028b");
    mkdirSync(join(odd, ".git"), { recursive: true });
    const words = ["run", "--as", "bwrap", "--workspace", odd, "--", "true"];
    const { stdout, stderr } = await terrarium.run(words);
    assert.equal(stderr, "");
    assert.match(stdout, /# not expressed: .*a\ufffdtouch \ufffdb\/\.git/);
  });

  test("an unknown tool is answered with the known ones", async () => {
    const ran = await terrarium.run(["run", "--as", "helm", "--", "true"]);
    assert.equal(ran.code, 125);
    assert.match(ran.stderr, /It is one of docker, podman, bwrap, unshare, oci\./);
  });
});
