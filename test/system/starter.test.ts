import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually } from "../kernel/cli.ts";
import { buildStatic } from "../kernel/programs.ts";
import { checkout } from "../rig/prepare.mjs";
import {
  bootMachine,
  extension,
  home,
  type Machine,
  needsMachine,
  owner,
  starter,
} from "./machine.ts";

/** What is done to an installation, by whom it could be, and which part the refusal has to name. */
interface Tampering {
  readonly what: string;
  readonly script: string;
  readonly undo: string;
  readonly named: RegExp;
}

const needsKeys = { skip: existsSync("/proc/keys") ? false : "this kernel has no keyrings" };

const keep = (path: string) => `cp -a ${path} /root/kept`;
const putBack = (path: string) => `rm -rf ${path} && mv /root/kept ${path}`;

function replaced(path: string, script: string, named: RegExp, what: string): Tampering {
  return { what, script: `${keep(path)} && ${script}`, undo: putBack(path), named };
}

const directories = ["", "/bin", "/native"];
const above = ["/", "/usr", "/usr/lib", "/usr/lib/terrarium"];

/** Each file and directory, and each way in which it can be other than it was. */
function tamperings(files: readonly string[]): readonly Tampering[] {
  return [
    ...files.flatMap((file) => [
      replaced(
        `${home}/${file}`,
        `printf '\\001\\376\\001' | dd of=${home}/${file} conv=notrunc bs=1 seek=$(($(stat -c %s ${home}/${file}) / 2)) 2>/dev/null`,
        nameOf(file),
        `bytes in the middle of ${file} are others`,
      ),
      replaced(
        `${home}/${file}`,
        `printf x >> ${home}/${file}`,
        nameOf(file),
        `${file} is longer by a byte`,
      ),
      changed(`chown 1000 ${home}/${file}`, `chown 0 ${home}/${file}`, file),
      changed(`chgrp 1000 ${home}/${file}`, `chgrp 0 ${home}/${file}`, file),
      modeOf(`${home}/${file}`, "o+w", file),
      modeOf(`${home}/${file}`, "u+s", file),
      replaced(`${home}/${file}`, `rm ${home}/${file}`, nameOf(file), `${file} is not there`),
      replaced(
        `${home}/${file}`,
        `mv ${home}/${file} /root/target && ln -s /root/target ${home}/${file}`,
        nameOf(file),
        `${file} is a link to what it was`,
      ),
    ]),
    ...directories.flatMap((directory) => [
      {
        what: `a file is added to .${directory}`,
        script: `touch ${home}${directory}/added.js`,
        undo: `rm ${home}${directory}/added.js`,
        named: /added\.js was not installed/,
      },
      modeOf(`${home}${directory}`, "g+w", directory || home),
      changed(`chown 1000 ${home}${directory}`, `chown 0 ${home}${directory}`, directory || home),
    ]),
    ...directories.slice(1).map((directory) => ({
      what: `${directory} is a link to where it is now`,
      script: `mv ${home}${directory} /usr/lib/moved && ln -s /usr/lib/moved ${home}${directory}`,
      undo: `rm ${home}${directory} && mv /usr/lib/moved ${home}${directory}`,
      named: /was replaced by a link/,
    })),
    ...above.flatMap((directory) => [
      modeOf(directory, "o+w", directory),
      changed(`chown 1000 ${directory}`, `chown 0 ${directory}`, directory),
    ]),
  ];
}

function changed(script: string, undo: string, name: string): Tampering {
  return { what: script, script, undo, named: nameOf(name) };
}

function modeOf(path: string, change: string, name: string): Tampering {
  const script = `stat -c %a ${path} > /root/mode && chmod ${change} ${path}`;
  const undo = `chmod $(cat /root/mode) ${path}`;
  return { what: `chmod ${change} ${path}`, script, undo, named: nameOf(name) };
}

function nameOf(name: string): RegExp {
  return new RegExp(name.replace(/^\/(?=.)/, "").replaceAll(/[.]/g, "\\."));
}

describe("what starts the root helper", needsMachine, () => {
  let machine: Machine;
  before(async () => {
    machine = await bootMachine();
    // As many bytes as a piece has: one more would be in none.
    const whole = `${extension}/dist/bin/whole-AAAAAAAA.js`;
    await machine.do("sh", "-c", `truncate -s 4M ${whole} && chown ${owner.id} ${whole}`);
    const { code, stdout, stderr } = await machine.install("--yes");
    assert.equal(code, 0, stdout + stderr);
  });
  after(() => machine?.close());

  test("finds an installation whole, also for an ordinary user who asks", async () => {
    assert.deepEqual(await machine.run([starter, "--check"]), { code: 0, stdout: "", stderr: "" });
    assert.equal((await machine.as("user", `${starter} --check`)).code, 0);
  });

  test("starts nothing for who is not root, and nothing by a set-uid bit", async () => {
    const { code, stderr } = await machine.as("user", `${starter} --stdio </dev/null`);
    assert.equal(code, 125);
    assert.match(stderr, /started by pkexec, sudo or systemd/);
    await machine.do("chmod", "u+s", starter);
    const set = await machine.as("user", `${starter} --stdio </dev/null`);
    await machine.do("chmod", "u-s", starter);
    assert.match(set.stderr, /started by pkexec, sudo or systemd/);
  });

  test("refuses what was changed in any way, and names it", async () => {
    const files = (await machine.do("find", home, "-type", "f", "-printf", "%P\\n")).trim();
    const all = tamperings(files.split("\n"));
    const wrong: string[] = [];
    for (const { what, script, undo, named } of all) {
      await machine.do("sh", "-e", "-c", script);
      const { code, stderr } = await machine.run([starter, "--check"]);
      await machine.do("sh", "-e", "-c", undo);
      if (code === 0 || !named.test(stderr)) wrong.push(`${what}: ${code} ${stderr}`);
    }
    // The starter itself cannot say that it is not there, is no program or may not be executed.
    assert.deepEqual(
      wrong.filter(
        (line) =>
          !/terrarium-helper (is not there|is a link)|a byte of terrarium-helper/.test(line),
      ),
      [],
    );
    assert.ok(all.length > 500, `${all.length}`);
    assert.equal((await machine.run([starter, "--check"])).code, 0);
  });

  const program = `${home}/bin/terrarium`;
  const manifests: readonly (readonly [string, string, RegExp])[] = [
    [
      "lets others write",
      "s|^file 0644 \\(.* bin/terrarium\\)$|file 0666 \\1|",
      /0666 in place of 0644/,
    ],
    ["leads up", "2a directory 0755 bin/../../bin", /a line that nobody wrote/],
    ["lacks a piece", "0,/^piece /{/^piece /d}", /a line that nobody wrote/],
    ["ends within a file", "$d", /not all of a file/],
    ["names no runtime", "/^runtime /d", /names no runtime/],
    ["is of another kind", "1s/1/2/", /not whole, or was changed/],
    ["has a line of no kind", "2s|$|\\n# a note|", /a line that nobody wrote/],
  ];
  for (const [what, change, named] of manifests) {
    test(`refuses a manifest that ${what}, though it ends as it should`, async () => {
      const path = `${home}/manifest`;
      const rows = `sed -e '$d' /root/kept | sed -e '${change}'`;
      const ended = `printf 'end %s\\n' $(sha256sum <${path} | cut -d ' ' -f 1) >>${path}`;
      await machine.do(
        "sh",
        "-e",
        "-c",
        `${keep(path)}; ${rows} >${path}; ${ended}; chmod 666 ${program}`,
      );
      const { code, stderr } = await machine.run([starter, "--check"]);
      await machine.do("sh", "-e", "-c", `${putBack(path)}; chmod 644 ${program}`);
      assert.equal(code, 125);
      assert.match(stderr, named);
    });
  }

  test("refuses a manifest whose end is another's, though the files are as it says", async () => {
    const path = `${home}/manifest`;
    const change = `sed -i 's|^file 0644 \\(.* bin/terrarium\\)$|file 0640 \\1|' ${path}`;
    await machine.do("sh", "-e", "-c", `${keep(path)}; ${change}; chmod 640 ${program}`);
    const { code, stderr } = await machine.run([starter, "--check"]);
    await machine.do("sh", "-e", "-c", `${putBack(path)}; chmod 644 ${program}`);
    assert.equal(code, 125);
    assert.match(stderr, /not whole, or was changed/);
  });

  test("hands nothing down of what its caller could set", async () => {
    const surroundings =
      "NODE_OPTIONS=--require=/tmp/evil LD_PRELOAD=/tmp/evil.so OPENSSL_CONF=/tmp/evil PKEXEC_UID=0 LISTEN_PID=1 LISTEN_FDS=16";
    const script = `cd /tmp; ulimit -S -f 0; umask 0; ${surroundings} ${starter} --stdio </run/wait 10</run/marker 60</run/marker &
      until [ "$(readlink /proc/$!/exe)" = ${home}/node ]; do sleep 0.05; done;
      tr '\\0' '\\n' </proc/$!/environ | sort; readlink /proc/$!/cwd; ls -l /proc/$!/fd | grep -c marker;
      grep -h -E 'Max file size|Umask' /proc/$!/limits /proc/$!/status; kill $!`;
    await machine.do("sh", "-c", "mkfifo /run/wait && touch /run/marker");
    const held = machine.start(["sh", "-c", "exec sleep 600 >/run/wait"]);
    const { stdout } = await machine.run(["bash", "-c", script]);
    held.kill("SIGKILL");
    assert.deepEqual(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.replaceAll(/\s+/g, " ").trim()),
      [
        "HOME=/root",
        "LC_ALL=C.UTF-8",
        // They are another's, by this number.
        "LISTEN_FDS=16",
        "LISTEN_PID=1",
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "PKEXEC_UID=0",
        "/",
        "0",
        "Max file size unlimited unlimited bytes",
        "Umask: 0022",
      ],
    );
  });

  test("leaves the keys of its caller's session behind", needsKeys, async () => {
    const key = `terrarium-${process.pid}`;
    const isThere = () => readFileSync("/proc/keys", "utf8").includes(key);
    buildStatic(
      join(checkout, "test/kernel/keyring.c"),
      join(machine.root, "usr/local/bin/keyring"),
    );
    await machine.do("sh", "-c", "test -p /run/wait || mkfifo /run/wait");
    const held = machine.start(["sh", "-c", "exec sleep 600 >/run/wait"]);
    const script = `keyring ${key} sh -c 'echo $$; read -r go; exec ${starter} --stdio' <>/run/wait`;
    const helper = machine.start(["sh", "-c", script]);
    await eventually("the key is there", isThere);
    await machine.do("sh", "-c", "echo >/run/wait");
    await eventually("the key is gone", () => !isThere());
    assert.equal(helper.exitCode, null);
    for (const child of [helper, held]) child.kill("SIGKILL");
  });
});
