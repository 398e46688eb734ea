import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { DoctorFinding } from "../../helper/protocol/doctor.ts";
import { bootMachine, client, home, type Machine, needsMachine, node, owner } from "./machine.ts";

describe("the doctor, of what becoming root takes", needsMachine, () => {
  let machine: Machine;
  before(async () => {
    machine = await bootMachine();
  });
  after(() => machine?.close());

  async function find(name: string, before = ""): Promise<DoctorFinding> {
    const { stdout, stderr } = await machine.as(owner.name, `${before}${client} doctor --json`);
    assert.notEqual(stdout, "", stderr);
    const { findings }: { readonly findings: readonly DoctorFinding[] } = JSON.parse(stdout);
    const found = findings.find((finding) => finding.name === name);
    assert.ok(found, name);
    return found;
  }

  /** Says yes to the questions that name something, and no to the others. */
  async function answerQuestions(named: RegExp, script: string): Promise<string> {
    const child = machine.start(["su", "-", owner.name, "-c", script]);
    let [text, seen] = ["", 0];
    child.stdout?.on("data", (bytes) => {
      text += bytes;
      const asked = text.lastIndexOf("[y/N] ");
      if (asked <= seen) return;
      child.stdin?.write(named.test(text.slice(text.lastIndexOf("\n", asked))) ? "y\n" : "n\n");
      seen = asked;
    });
    await once(child, "close");
    return text;
  }

  const rootHelper = () => find("the root helper");
  const inRoot = (script: string) => machine.do("sh", "-e", "-c", script);

  test("says that no root helper is installed, and installs one after a yes", async () => {
    const { verdict, answer, fix } = await rootHelper();
    assert.deepEqual([verdict, answer], ["lacking", "none is installed"]);
    assert.deepEqual(fix?.command, ["terrarium", "install-helper"]);
    const stdout = await answerQuestions(
      /install-helper/,
      `script -qec "${client} doctor --fix" /dev/null`,
    );
    assert.match(stdout, /copy \d+ files/);
    assert.equal((await rootHelper()).verdict, "fine");
  });

  test("says what of it was changed, and that it will not start", async () => {
    await inRoot(`cp -a ${home}/native/launcher /root/kept && printf x >>${home}/native/launcher`);
    const { verdict, answer, fix } = await rootHelper();
    await inRoot(`mv /root/kept ${home}/native/launcher`);
    assert.equal(verdict, "broken");
    assert.match(answer, /native\/launcher is not what was installed/);
    assert.deepEqual(fix?.command, ["terrarium", "install-helper", "--repair"]);
  });

  test("says that another version is installed", async () => {
    await inRoot(`mv ${home} /usr/lib/terrarium/0.0.9`);
    const { verdict, answer } = await rootHelper();
    await inRoot(`mv /usr/lib/terrarium/0.0.9 ${home}`);
    assert.equal(verdict, "lacking");
    assert.match(answer, /installed is 0\.0\.9, and this is/);
  });

  test("misses pkexec, which is a package of its own on Debian", async () => {
    await inRoot("mv /usr/bin/pkexec /root/pkexec");
    const { answer, fix } = await find("becoming root");
    await inRoot("mv /root/pkexec /usr/bin/pkexec");
    assert.equal(answer, "sudo alone");
    assert.deepEqual(fix?.command?.slice(0, 2), ["apt-get", "install"]);
  });

  test("tells whether an agent of polkit's asks in this session", async () => {
    copyFileSync(
      join(import.meta.dirname, "inside/agent.mjs"),
      join(machine.root, "opt/agent.mjs"),
    );
    assert.equal((await find("an agent that asks")).answer, "there is none");
    const background = `${node} /opt/agent.mjs $XDG_SESSION_ID >/tmp/agent 2>&1 </dev/null & until grep -q registered /tmp/agent; do sleep 0.1; done; `;
    assert.equal((await find("an agent that asks", background)).answer, "there is one");
  });

  test("finds the mark of no new privileges, and of an editor in a Flatpak or a snap", async () => {
    const marked = await find("new privileges", "exec setpriv --no-new-privs ");
    assert.equal(marked.verdict, "lacking");
    assert.match(marked.cost ?? "", /sudo, pkexec/);
    const snap = await find("the helper's own surroundings", "SNAP=/snap/code/1 ");
    assert.deepEqual(
      [snap.answer, /pkexec and sudo/.test(snap.cost ?? "")],
      ["it runs in a snap", true],
    );
    await inRoot("touch /.flatpak-info");
    const flatpak = await find("the helper's own surroundings");
    await inRoot("rm /.flatpak-info");
    assert.equal(flatpak.answer, "it runs in a Flatpak");
  });
});
