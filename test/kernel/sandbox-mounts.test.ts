import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { terrarium } from "./cli.ts";
import { shell, succeeded } from "./inside.ts";
import { needsRoot } from "./isolated.ts";
import { runShell } from "./launcher.ts";

const folder = mkdtempSync(join(tmpdir(), "terrarium-mounts-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const system = ["--mount", "type=sysfs,target=/sys"];

describe("a tmpfs", needsRoot, () => {
  test("holds as much as was said, with the mode that was said", async () => {
    const write = "head -c 2m /dev/zero > /t/x; stat -c %s /t/x; stat -c %a /t /dev/shm";
    const sized = ["--tmpfs", "/t:size=1m,mode=750", "--tmpfs", "/dev/shm:size=1m"];
    assert.equal(await shell(`${write} 2>/dev/null`, ...sized), "1048576\n750\n1777");
    assert.match(await shell(write, "--tmpfs", "/t"), /^2097152/);
  });

  test("covers no mount point of the sandbox's own", async () => {
    for (const target of ["/", "/proc", "/proc/sys", "/dev", "/sys/x"]) {
      const { code, stderr } = await terrarium.run(["run", "--tmpfs", target, "--", "true"]);
      assert.equal(code, 125, target);
      assert.match(stderr, /is the sandbox's own|absolute path/);
    }
  });
});

describe("a bind that is not recursive", needsRoot, () => {
  test("leaves out what is mounted below its source", async () => {
    mkdirSync(join(folder, "below"));
    execFileSync("mount", ["-t", "tmpfs", "terrarium-below", join(folder, "below")]);
    try {
      writeFileSync(join(folder, "below/marker"), "");
      const bind = `type=bind,source=${folder},target=/b`;
      assert.equal(await shell("ls /b/below", "--mount", bind), "marker");
      assert.equal(await shell("ls /b/below", "--mount", `${bind},bind-recursive=disabled`), "");
    } finally {
      execFileSync("umount", [join(folder, "below")]);
    }
  });
});

describe("the kernel's file systems", needsRoot, () => {
  test("sysfs shows the sandbox's own network, and nothing of it can be written", async () => {
    assert.equal(await shell("ls /sys/class/net", ...system), "lo");
    const writes = ["echo 1 > /sys/kernel/mm/ksm/run", "mkdir /sys/fs/cgroup/x"];
    assert.deepEqual(await succeeded(writes, ...system), ["end"]);
  });

  test("sysfs hides what Docker hides: firmware, energy and temperature", async () => {
    const hidden = [
      "/sys/firmware",
      "/sys/devices/virtual/powercap",
      "/sys/devices/system/cpu/cpu*/thermal_throttle",
    ];
    assert.equal(await shell(`ls -A ${hidden.join(" ")} 2>/dev/null | grep -v :`, ...system), "");
    const firmware = existsSync("/sys/firmware");
    assert.equal(
      await shell("grep -c ' /sys/firmware ' /proc/mounts", ...system),
      firmware ? "1" : "0",
    );
  });

  test("of the cgroups it sees its own alone, and cannot change them", async () => {
    const view = [...system, "--mount", "type=cgroup,target=/sys/fs/cgroup", "--pids-limit", "77"];
    const find = "find /sys/fs/cgroup -name";
    assert.equal(await shell(`cat $(${find} pids.max | head -1)`, ...view), "77");
    assert.match(await shell(`sort -u $(${find} cgroup.procs)`, ...view), /^1\n(\d+\n)*\d+$/);
    const tree = await shell(`${find} tasks -o -name cgroup.procs | grep -c terrarium`, ...view);
    assert.equal(tree, "0");
    const write = `(for f in $(${find} pids.max -o -name cgroup.procs); do echo 1 > $f || exit 1; done)`;
    assert.deepEqual(await succeeded([write], ...view), ["end"]);
  });

  test("message queues are the sandbox's own", async () => {
    const queues = ["--mount", "type=mqueue,target=/dev/mqueue"];
    assert.equal(await shell("touch /dev/mqueue/tide; ls /dev/mqueue", ...queues), "tide");
    assert.equal(await shell("ls /dev/mqueue", ...queues), "");
  });

  test("a second procfs is masked as the first, and a devpts has terminals of its own", async () => {
    const more = ["--mount", "type=proc,target=/p", "--mount", "type=devpts,target=/t"];
    assert.deepEqual(await succeeded(["echo 1 > /p/sys/kernel/printk", "cat /p/kcore"], ...more), [
      "end",
    ]);
    assert.equal(await shell("cat /p/1/comm; ls /t", ...more), "terrarium-init\nptmx");
  });

  test("are refused where they would cover the sandbox's own", async () => {
    for (const [type, target] of [
      ["sysfs", "/proc"],
      ["cgroup", "/dev"],
      ["mqueue", "/sys"],
      ["proc", "/proc"],
    ]) {
      const mount = `type=${type},target=${target}`;
      const { stderr } = await terrarium.run(["run", "--mount", mount, "--", "true"]);
      assert.match(stderr, /is the sandbox's own/, mount);
    }
  });

  test("a view of the cgroups without cgroups of its own is refused: it would show others'", async () => {
    const { events } = await runShell("true", ["--cgroup-view", "/c"]);
    assert.match(events[0]?.hint ?? "", /cgroups of others/);
  });
});

describe("a read-only root", needsRoot, () => {
  const attempts = ["touch /x", "mkdir /root/x", "touch /srv/x"];

  test("takes nothing new, and leaves mounts, /tmp and /run as they are", async () => {
    const options = ["--read-only", "--tmpfs", "/t"];
    assert.deepEqual(await succeeded(attempts, ...options), ["end"]);
    const writes = ["touch /tmp/x", "touch /run/x", "touch /t/x"];
    assert.deepEqual(await succeeded(writes, ...options), [...writes, "end"]);
  });

  test("is writable without the word", async () => {
    assert.deepEqual(await succeeded(["touch /x", "mkdir /root/x"]), [
      "touch /x",
      "mkdir /root/x",
      "end",
    ]);
  });
});
