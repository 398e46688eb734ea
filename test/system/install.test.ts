import assert from "node:assert/strict";
import { once } from "node:events";
import { basename, dirname } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../kernel/cli.ts";
import {
  bootMachine,
  client,
  extension,
  home,
  type Machine,
  needsMachine,
  owner,
  starter,
} from "./machine.ts";

const versions = "/usr/lib/terrarium";

/**
 * All that an installation could leave: files with owner, mode and size, users, units, cgroups. What a user's own
 * helper keeps in /run/user is that user's.
 */
const elsewhere = [
  "/proc",
  "/sys",
  "/tmp",
  "/var/tmp",
  "/var/log",
  "/var/lib/systemd",
  "/root",
  "/home",
  "/opt",
];
const inventory = `
  find / -xdev \\( ${elsewhere.map((path) => `-path ${path}`).join(" -o ")} \\) -prune \\
    -o -type d -printf '%p %M %U:%G\\n' -o -printf '%p %M %U:%G %s %l\\n' | sort
  cat /etc/passwd /etc/group
  systemctl list-unit-files --no-legend --no-pager | sort
  systemctl list-units --all --no-legend --no-pager --plain 'terrarium*' | sort
  find /sys/fs/cgroup -name '*terrarium*'
  find /run -path /run/user -prune -o -name '*terrarium*' -print
`;

const outside =
  "/usr/share/polkit-1/actions/io.github.terrarium.policy /usr/lib/systemd/system/terrarium-helper.*";

/** How it comes that others than root may put something there, how that is over, and what is said of it. */
interface Place {
  readonly open: string;
  readonly close: string;
  readonly why: RegExp;
}

describe("terrarium install-helper", needsMachine, () => {
  let machine: Machine;
  const succeed = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await machine.install("--yes", ...words);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  };
  const inRoot = (script: string) => machine.do("sh", "-c", script);
  const isThere = async () => (await machine.run(["test", "-e", versions])).code === 0;
  const isWhole = async (path = starter) => (await machine.run([path, "--check"])).code === 0;

  before(async () => {
    machine = await bootMachine();
  });
  after(() => machine?.close());
  beforeEach(() => succeed("--uninstall"));

  test("shows what it will do, and does nothing to who did not say yes", async () => {
    const dry = await machine.as(owner.name, `${client} install-helper --dry-run`);
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(
      dry.stdout,
      new RegExp(`copy \\d+ files to ${home}, root's alone, with Node v\\d+`),
    );
    assert.match(dry.stdout, /io\.github\.terrarium\.policy/);
    assert.match(dry.stdout, /terrarium-helper\.socket/);
    const unasked = await machine.install();
    assert.equal(unasked.code, 125);
    assert.match(unasked.stderr, /nothing was done/);
    assert.equal(await isThere(), false);
  });

  test("is for root", async () => {
    const { code, stderr } = await machine.as(owner.name, `${client} install-helper --yes`);
    assert.equal(code, 125);
    assert.match(stderr, /sudo/);
  });

  test("leaves what is root's alone, listens, and has nothing to do a second time", async () => {
    await succeed();
    const open = `find ${versions} ! -user root -o ! -group root -o -perm /022 ! -type l`;
    assert.equal(await inRoot(open), "");
    assert.equal(await inRoot(`find ${outside} ! \\( -user root -group root -perm 644 \\)`), "");
    assert.ok(await isWhole());
    assert.match(await inRoot("stat -c '%a %U' /run/terrarium/helper.socket"), /^666 root$/m);
    assert.match(await inRoot("pkaction --action-id io.github.terrarium.enter"), /enter/);
    assert.match(await machine.install().then(({ stdout }) => stdout), /is installed, and whole/);
  });

  test("takes no umask and no environment from who runs it", async () => {
    const script = `umask 077; sudo --preserve-env=NODE_EXTRA_CA_CERTS ${client} install-helper --yes`;
    const { code, stdout, stderr } = await machine.as(owner.name, script);
    assert.equal(code, 0, stdout + stderr);
    assert.ok(await isWhole());
    assert.equal((await machine.as("stranger", `${starter} --check`)).code, 0);
  });

  describe("reads a user's files as that user could", () => {
    const file = `${extension}/dist/bin/planted-AAAAAAAA.js`;
    const refusals =
      /is not copied|names no version|larger than|more than a build|not what it should be|too large|neither root nor/;
    const plans: Readonly<Record<string, { readonly plant: string; readonly remove: string }>> = {
      "a link to a file of root's": { plant: `ln -s /etc/shadow ${file}`, remove: `rm ${file}` },
      "a link to another file of the user's": {
        plant: `ln -s ${extension}/dist/bin/terrarium ${file}`,
        remove: `rm ${file}`,
      },
      "a link to nothing": { plant: `ln -s /nowhere ${file}`, remove: `rm ${file}` },
      "a pipe, which would be waited for": {
        plant: `mkfifo ${file} && chown ${owner.id} ${file}`,
        remove: `rm ${file}`,
      },
      "a hard link to a file of root's": {
        plant: `cp /etc/shadow /home/secret && ln /home/secret ${file}`,
        remove: `rm ${file} /home/secret`,
      },
      "a file of somebody else's": {
        plant: `touch ${file} && chown 1001 ${file}`,
        remove: `rm ${file}`,
      },
      "a directory that leads elsewhere": {
        plant: `mv ${extension}/dist/native /home/native && ln -s /home/native ${extension}/dist/native`,
        remove: `rm ${extension}/dist/native && mv /home/native ${extension}/dist/native`,
      },
      "a file that is larger than any": {
        plant: `truncate -s 600M ${file} && chown ${owner.id} ${file}`,
        remove: `rm ${file}`,
      },
      "a part more than there are of any build": {
        plant: `for part in $(seq 10001 10600); do touch ${extension}/dist/bin/many-AAA$part.js; done; chown ${owner.id} ${extension}/dist/bin/many-*`,
        remove: `rm ${extension}/dist/bin/many-*`,
      },
      "a starter that finds fault with it": {
        plant: `cp -a ${extension}/dist/native/terrarium-helper /home/kept && printf '#!/bin/sh\nexit 1\n' >${extension}/dist/native/terrarium-helper`,
        remove: `mv /home/kept ${extension}/dist/native/terrarium-helper`,
      },
      "a package.json without end": {
        plant: `cp -a ${extension}/dist/package.json /home/kept && head -c 2000000 /dev/zero | tr '\\0' ' ' >>${extension}/dist/package.json`,
        remove: `mv /home/kept ${extension}/dist/package.json`,
      },
      "what belongs to neither root nor who asks": {
        plant: `chown -R 1001 ${extension}/dist`,
        remove: `chown -R ${owner.id} ${extension}/dist`,
      },
      "what root keeps to itself": {
        plant: `touch ${file} && chmod 600 ${file} && chown -R 0 ${extension}/dist`,
        remove: `chown -R ${owner.id} ${extension}/dist; rm ${file}`,
      },
      "a version that leads elsewhere": {
        plant: `cp -a ${extension}/dist/package.json /home/kept && echo '{"version":"../../etc"}' >${extension}/dist/package.json`,
        remove: `mv /home/kept ${extension}/dist/package.json`,
      },
    };
    for (const [what, { plant, remove }] of Object.entries(plans)) {
      test(`${what} is not installed`, async () => {
        await inRoot(plant);
        const { code, stderr } = await machine.install("--yes");
        await inRoot(remove);
        assert.equal(code, 125);
        assert.match(stderr, refusals);
        assert.equal(await isThere(), false);
      });
    }

    test("a file that is no part of a build is left where it is", async () => {
      const stray = `${extension}/dist/bin/stray.js`;
      await inRoot(`touch ${stray} && chown ${owner.id} ${stray}`);
      await succeed();
      await inRoot(`rm ${stray}`);
      assert.equal((await machine.run(["test", "-e", `${home}/bin/stray.js`])).code, 1);
    });

    test("a Node whose libraries the user can change is not taken", async () => {
      await machine.do("mkdir", "-p", `/home/${owner.name}/lib`);
      await machine.do("chown", `${owner.id}`, `/home/${owner.name}/lib`);
      const patched = `/home/${owner.name}/node`;
      await machine.do("cp", "/opt/node", patched);
      await inRoot(patchInterpreter(patched, owner.name));
      const { code, stdout, stderr } = await machine.as(
        owner.name,
        `sudo ${patched} ${extension}/dist/bin/terrarium install-helper --yes`,
      );
      await machine.do("rm", "-r", patched, `/home/${owner.name}/lib`);
      assert.equal(code, 125, stdout);
      assert.match(stderr, /belongs to user 1000/);
    });
  });

  test("takes no Node that root's environment would not start", async () => {
    const library = "/lib/x86_64-linux-gnu/libdl.so.2";
    await inRoot(
      `mkdir /root/odd && cp /opt/node /root/odd/ && cp ${library} /root/odd/libdx.so.2 &&
        ${rename("/root/odd/node", "libdl.so.2", "libdx.so.2")}`,
    );
    const odd = `LD_LIBRARY_PATH=/root/odd SUDO_UID=${owner.id} /root/odd/node`;
    const install = `${odd} ${extension}/dist/bin/terrarium install-helper --yes`;
    const { code, stdout, stderr } = await machine.run(["sh", "-c", install]);
    await machine.do("rm", "-r", "/root/odd");
    assert.equal(code, 125, stdout);
    assert.match(stderr, /runtime does not start/);
    assert.equal(await isThere(), false);
  });

  describe("writes nothing to where somebody else could put it", () => {
    const policies = "/usr/share/polkit-1/actions";
    const places: Readonly<Record<string, Place>> = {
      "a directory that is a link": {
        open: `mkdir /usr/lib/elsewhere && ln -s /usr/lib/elsewhere ${versions}`,
        close: `rm ${versions}; rm -r /usr/lib/elsewhere`,
        why: /terrarium is a link/,
      },
      "a directory of a user's": {
        open: `mkdir ${versions} && chown ${owner.id} ${versions}`,
        close: `rm -r ${versions}`,
        why: /terrarium belongs to user/,
      },
      "one that everybody may write to": {
        open: `mkdir ${versions} && chmod 1777 ${versions}`,
        close: `rm -r ${versions}`,
        why: /terrarium can be written to/,
      },
      "polkit's, when its group may write there": {
        open: `chmod g+w ${policies}`,
        close: `chmod g-w ${policies}`,
        why: /actions can be written to/,
      },
      "polkit's, below one that everybody may write to": {
        open: `chmod o+w ${dirname(policies)}`,
        close: `chmod o-w ${dirname(policies)}`,
        why: /polkit-1 can be written to/,
      },
    };
    for (const [what, { open, close, why }] of Object.entries(places)) {
      test(what, async () => {
        await inRoot(open);
        const { code, stdout, stderr } = await machine.install("--yes");
        const written = `find /usr/lib/elsewhere ${versions} ${policies} -name '*errarium*' -type f`;
        const ours = await inRoot(`${written} 2>/dev/null || true`);
        await inRoot(close);
        assert.equal(code, 125, stdout);
        assert.match(stderr, why);
        assert.doesNotMatch(ours, /policy/);
        if (!what.startsWith("polkit")) assert.equal(ours, "");
      });
    }
  });

  test("gives all of it to root's own group, whichever root runs as and whatever the directory says", async () => {
    await inRoot(`mkdir ${versions} && chgrp ${owner.id} ${versions} && chmod g+s ${versions}`);
    const group = `setpriv --regid ${owner.id} --clear-groups --`;
    await inRoot(`SUDO_UID=${owner.id} ${group} ${client} install-helper --yes`);
    assert.ok(await isWhole());
    assert.equal(await inRoot(`find ${home} ${outside} ! -group root`), "");
  });

  test("removes what a run before has left, and nothing else, and does all of it anew", async () => {
    const left = `${versions}/.${basename(home)}.terrarium-new ${versions}/.0.0.1.terrarium-old`;
    await inRoot(
      `mkdir -p ${left} ${versions}/notes && touch ${versions}/.${basename(home)}.terrarium-new/manifest`,
    );
    await succeed();
    assert.ok(await isWhole());
    assert.equal(await inRoot(`ls -A ${versions}`), `${basename(home)}\nnotes\n`);
  });

  test("is done by one at a time", async () => {
    await inRoot(`mkdir ${versions}`);
    const other = machine.start(["flock", versions, "sh", "-c", "echo $$; exec sleep 600"]);
    const ended = once(other, "exit");
    const [pid] = await once(other.stdout ?? other, "data");
    const { code, stderr } = await machine.install("--yes");
    await machine.do("kill", "-9", `${pid}`.trim());
    // flock(1) holds it, too, and whoever comes next is refused until that has ended.
    await ended;
    assert.equal(code, 125);
    assert.match(stderr, /another install-helper is at work/);
  });

  test("is there at each moment while it is written again", async () => {
    await succeed();
    const watch = `echo $$; while test -e ${starter}; do :; done; echo gone`;
    const watcher = machine.start(["sh", "-c", watch]);
    let seen = "";
    watcher.stdout?.on("data", (part) => {
      seen += part;
    });
    await eventually("it watches", () => seen !== "");
    for (const _ of [1, 2]) await succeed("--repair");
    assert.doesNotMatch(seen, /gone/);
    await machine.do("kill", "-9", seen.trim());
  });

  test("leaves root's sandboxes what they need when it is removed", async () => {
    await succeed();
    const ofRoot = `${client} --helper /run/terrarium/helper.socket`;
    await inRoot(`${ofRoot} run -d --name stays -- sleep 600`);
    assert.match(await succeed("--uninstall"), /1 sandboxes of root go on/);
    assert.match(await inRoot(`${client} ps`), /stays/);
    await inRoot(`${client} rm -f stays`);
  });

  test("has nothing half done, whenever it is killed", async () => {
    const wholeMs = await timeOf(() => succeed());
    for (let round = 0; round < 12; round += 1) {
      const action = round % 3 === 2 ? "--uninstall" : "--repair";
      const child = machine.start([
        "sh",
        "-c",
        `echo $$; exec ${client} install-helper --yes ${action}`,
      ]);
      const [pid] = await once(child.stdout ?? child, "data");
      await sleep((wholeMs * (round + 1)) / 12);
      await machine.run(["kill", "-9", `${pid}`.split("\n")[0] ?? ""]);
      child.kill("SIGKILL");
      const { code } = await machine.run(["test", "-e", starter]);
      if (code === 0) assert.ok(await isWhole(), `round ${round}`);
    }
    await succeed();
    assert.ok(await isWhole());
    assert.equal(
      await inRoot("find /usr /etc -name '*terrarium-new*' -o -name '*terrarium-old*'"),
      "",
    );
  });

  test("repairs what was changed, and says what it was", async () => {
    await succeed();
    await inRoot(
      `printf x >> ${home}/bin/terrarium; rm /usr/share/polkit-1/actions/io.github.terrarium.policy`,
    );
    const { stdout } = await machine.as(owner.name, `${client} install-helper --dry-run`);
    assert.match(stdout, /is not whole: bin\/terrarium is not what was installed/);
    await succeed();
    assert.ok(await isWhole());
    await inRoot(`chmod o+w ${home}/native`);
    await succeed("--repair");
    assert.ok(await isWhole());
  });

  test("keeps an older version for as long as something runs of it", async () => {
    await succeed();
    const old = machine.start([
      `${home}/node`,
      "-e",
      "console.log(process.pid); setTimeout(() => {}, 600_000)",
    ]);
    const [pid] = await once(old.stdout ?? old, "data");
    await machine.run(["sh", "-c", `${client} --helper /run/terrarium/helper.socket ps`]);
    const service = ["systemctl", "is-active", "terrarium-helper.service"];
    assert.equal((await machine.run(service)).stdout, "active\n");
    const packaged = `${extension}/dist/package.json`;
    await inRoot(
      `cp -a ${packaged} /root/kept && sed -i 's/"version":"[^"]*"/"version":"99.0.0"/' ${packaged}`,
    );
    try {
      const { stdout } = await machine.install("--dry-run");
      assert.match(stdout, /Version \S+ is in use: processes \d+/);
      await succeed();
      assert.ok(await isWhole(`${versions}/99.0.0/terrarium-helper`));
      assert.ok(await isWhole(), "the older one is there");
      assert.equal((await machine.run(service)).stdout, "inactive\n");
      assert.match(await inRoot("systemctl cat terrarium-helper.service"), /99\.0\.0/);
      assert.match(await inRoot("pkaction -v --action-id io.github.terrarium.helper"), /99\.0\.0/);
      await machine.do("kill", "-9", `${pid}`.trim());
      await machine.run(["sh", "-c", `${client} --helper /run/terrarium/helper.socket ps`]);
      await eventually("the service removes it", async () => {
        return (await machine.run(["test", "-e", home])).code === 1;
      });
    } finally {
      await inRoot(`mv /root/kept ${packaged}`);
    }
  });

  test("leaves nothing when it is removed", async () => {
    const earlier = await inRoot(inventory);
    await succeed();
    await machine.as(owner.name, `${client} --helper /run/terrarium/helper.socket ps`);
    const ofRoot = `${client} --helper /run/terrarium/helper.socket run -- true`;
    assert.equal((await machine.run(["sh", "-c", ofRoot])).code, 0);
    await succeed("--uninstall");
    let later = "";
    // Systemd lets go of empty units in its own time.
    await eventually("all of it is gone", async () => {
      later = await inRoot(inventory);
      return later === earlier;
    }).catch(() => undefined);
    assert.deepEqual(later.split("\n"), earlier.split("\n"));
  });
});

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** The path of the ELF interpreter, in place: as a package manager in a home directory has it. */
function patchInterpreter(program: string, user: string): string {
  const from = "/lib64/ld-linux-x86-64.so.2";
  const to = `/home/${user}/lib/ld`.padEnd(from.length, "\\0");
  return `cp /lib64/ld-linux-x86-64.so.2 /home/${user}/lib/ld && chown ${owner.id} /home/${user}/lib/ld &&
    ${rename(program, from, to)}`;
}

/** In a program's bytes; of one length. */
function rename(program: string, from: string, to: string): string {
  return `/opt/node -e 'const fs = require("fs"); const bytes = fs.readFileSync("${program}");
      bytes.write("${to}", bytes.indexOf("${from}"), "latin1"); fs.writeFileSync("${program}", bytes)'`;
}
