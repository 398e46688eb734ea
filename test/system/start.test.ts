import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { protocolVersion } from "../../helper/protocol/methods.ts";
import { version } from "../../helper/version.ts";
import { eventually } from "../kernel/cli.ts";
import {
  bootMachine,
  client,
  type Machine,
  needsMachine,
  owner,
  socket,
  starter,
  stranger,
} from "./machine.ts";

/** One user may start the helper, the others may not. */
const rule = `polkit.addRule(function(action, subject) {
  if (action.id == "io.github.terrarium.helper") {
    return subject.user == "${owner.name}" ? polkit.Result.YES : polkit.Result.NO;
  }
});
`;

describe("the root helper is started", needsMachine, () => {
  let machine: Machine;
  before(async () => {
    machine = await bootMachine();
    writeFileSync(join(machine.root, "etc/polkit-1/rules.d/10-test.rules"), rule);
    const { code, stdout, stderr } = await machine.install("--yes");
    assert.equal(code, 0, stdout + stderr);
  });
  after(() => machine?.close());

  test("by pkexec, for who is granted it, and knows for whom", async () => {
    const helper = await machine.helperOf(owner.name, `pkexec ${starter} --stdio`);
    try {
      const introduction = { client: "test", protocol: protocolVersion, version: version() };
      const { uid, asker } = await helper.request("initialize", introduction);
      assert.deepEqual({ uid, asker }, { uid: 0, asker: owner.id });
    } finally {
      helper.dispose();
    }
  });

  test("by no pkexec for who is denied it", async () => {
    const { code, stderr } = await machine.as(
      stranger.name,
      `pkexec ${starter} --stdio </dev/null`,
    );
    assert.equal(code, 127);
    assert.match(stderr, /Not authorized/);
  });

  test("by no pkexec from another place, however it looks", async () => {
    const copy = `/home/${owner.name}/terrarium-helper`;
    const script = `cp ${starter} ${copy}; pkexec --disable-internal-agent ${copy} --stdio </dev/null`;
    const { code, stderr } = await machine.as(owner.name, script);
    assert.equal(code, 127);
    assert.match(stderr, /agent|Not authorized/);
  });

  test("by sudo, in a terminal without an agent", async () => {
    const helper = await machine.helperOf(owner.name, `sudo ${starter} --stdio`);
    helper.dispose();
  });

  test("by either for who has run it, whatever their environment says of who that is", async () => {
    const lie = "export PKEXEC_UID=0 SUDO_UID=0 SUDO_USER=root; ";
    for (const program of ["pkexec", "sudo"]) {
      const helper = await machine.helperOf(owner.name, `${lie}${program} ${starter} --stdio`);
      const introduction = { client: "test", protocol: protocolVersion, version: version() };
      assert.equal((await helper.request("initialize", introduction)).asker, owner.id, program);
      helper.dispose();
    }
  });

  test("by no sudo that lets its caller say who asks", async () => {
    const script = `sudo PKEXEC_UID=0 ${starter} --stdio </dev/null`;
    const { code, stderr } = await machine.as(owner.name, script);
    assert.equal(code, 125);
    assert.match(stderr, /both say who asks/);
  });

  test("by systemd, when somebody connects, in one process for all", async () => {
    assert.equal(
      (await machine.run(["systemctl", "is-active", "terrarium-helper.service"])).stdout,
      "inactive\n",
    );
    const { stdout } = await machine.run(["sh", "-c", `${client} --helper ${socket} ps`]);
    assert.match(stdout, /NAME|ID/i);
    const pid = (
      await machine.do("systemctl", "show", "-P", "MainPID", "terrarium-helper.service")
    ).trim();
    assert.match(
      await machine.do("cat", `/proc/${pid}/cgroup`),
      /\/system\.slice\/terrarium-helper\.service$/m,
    );
    await machine.run(["sh", "-c", `${client} --helper ${socket} ps`]);
    assert.equal(
      (await machine.do("systemctl", "show", "-P", "MainPID", "terrarium-helper.service")).trim(),
      pid,
    );
  });

  test("and a sandbox of root is in no unit of the service's", async () => {
    const run = `${client} --helper ${socket} run -d --name apart -- sleep 600`;
    const { code, stderr } = await machine.run(["sh", "-c", run]);
    assert.equal(code, 0, stderr);
    const { stdout } = await machine.run(["sh", "-c", `${client} --helper ${socket} ps --json`]);
    const [{ pid }] = JSON.parse(stdout);
    const cgroup = await machine.do("cat", `/proc/${pid}/cgroup`);
    assert.match(cgroup, /\/terrarium\.slice\/terrarium-[0-9a-f]+\.scope\//);
    assert.doesNotMatch(cgroup, /terrarium-helper\.service/);
    await machine.do("systemctl", "stop", "terrarium-helper.service");
    assert.equal((await machine.run(["kill", "-0", `${pid}`])).code, 0);
    await machine.run(["sh", "-c", `${client} --helper ${socket} rm -f apart`]);
  });

  test("not at all once a file of it was changed, whoever asks and by whichever way", async () => {
    await machine.do("systemctl", "stop", "terrarium-helper.service");
    await machine.do("sh", "-c", `printf x >>$(dirname ${starter})/bin/terrarium`);
    const refusal = /bin\/terrarium is not what was installed/;
    const byPkexec = await machine.as(owner.name, `pkexec ${starter} --stdio </dev/null`);
    assert.match(byPkexec.stderr, refusal);
    const bySudo = await machine.as(owner.name, `sudo ${starter} --stdio </dev/null`);
    assert.match(bySudo.stderr, refusal);
    await machine.run(["sh", "-c", `timeout 5 ${client} --helper ${socket} ps`]);
    await eventually("it is in the journal", async () =>
      refusal.test(await machine.do("journalctl", "-u", "terrarium-helper.service", "--no-pager")),
    );
  });
});
