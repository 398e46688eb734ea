import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cgroupDirectory, describeCgroupMounts } from "../../helper/kernel/cgroupfs.ts";
import { parseMountinfo } from "../../helper/kernel/mountinfo.ts";
import { parseCgroupMemberships } from "../../helper/kernel/proctext.ts";

interface Machine {
  readonly cgroup: string;
  readonly mountinfo: string;
  readonly covered?: readonly string[];
}

function read({ cgroup, mountinfo, covered = [] }: Machine) {
  return describeCgroupMounts(
    parseCgroupMemberships(cgroup),
    parseMountinfo(mountinfo),
    (mountPoint) => !covered.includes(mountPoint),
    () => ["cpu", "memory"],
  );
}

const unified = "29 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate";

/** Captured from a Debian 10 machine (systemd 241, hybrid). */
const hybrid: Machine = {
  cgroup:
    "4:cpu,cpuacct:/user.slice\n3:memory:/\n1:name=systemd:/user.slice/s.scope\n0::/user.slice/s.scope\n",
  mountinfo: [
    "29 24 0:25 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755",
    "30 29 0:26 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw,nsdelegate",
    "31 29 0:27 / /sys/fs/cgroup/systemd rw shared:11 - cgroup cgroup rw,xattr,name=systemd",
    "34 29 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:15 - cgroup cgroup rw,cpu,cpuacct",
    "35 29 0:31 / /sys/fs/cgroup/memory rw shared:16 - cgroup cgroup rw,memory",
  ].join("\n"),
};

describe("the cgroup mode", () => {
  test("is v2 where the unified hierarchy is alone", () => {
    assert.equal(read({ cgroup: "0::/\n", mountinfo: unified }).mode, "v2");
  });

  test("is hybrid where controllers are on v1 and the unified hierarchy is mounted, too", () => {
    assert.equal(read(hybrid).mode, "hybrid");
  });

  test("is v1 where no unified hierarchy is mounted, although every kernel lists one", () => {
    const mountinfo = hybrid.mountinfo.replace(/.*cgroup2.*\n/, "");
    assert.equal(read({ ...hybrid, mountinfo }).mode, "v1");
  });

  test("stays v2 beside a named v1 hierarchy, which has no controller", () => {
    const named = "40 24 0:40 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd";
    const machine = { cgroup: "1:name=systemd:/\n0::/\n", mountinfo: `${unified}\n${named}` };
    assert.equal(read(machine).mode, "v2");
  });

  test("is none where nothing is mounted", () => {
    assert.deepEqual(read({ cgroup: "0::/\n", mountinfo: "" }), { mode: "none", hierarchies: [] });
  });
});

describe("the hierarchies", () => {
  test("are named as the kernel names them, co-mounted and named ones included", () => {
    const ids = read(hybrid).hierarchies.map(({ id, controllers }) => [id, controllers.join(" ")]);
    assert.deepEqual(ids, [
      ["unified", "cpu memory"],
      ["cpu,cpuacct", "cpu cpuacct"],
      ["memory", "memory"],
      ["name=systemd", ""],
    ]);
  });

  test("are left out when something else is mounted on top", () => {
    const { hierarchies } = read({ ...hybrid, covered: ["/sys/fs/cgroup/memory"] });
    assert.ok(!hierarchies.some(({ id }) => id === "memory"));
  });

  test("are read where the whole of them is visible, not at a bind mount of a part", () => {
    const part = "50 24 0:26 /docker/1 /a rw - cgroup2 cgroup2 rw";
    const { hierarchies } = read({ cgroup: "0::/\n", mountinfo: `${part}\n${unified}` });
    assert.equal(hierarchies[0]?.mountPoint, "/sys/fs/cgroup");
  });

  test("are not confused by a named hierarchy that carries a controller's name", () => {
    const mountinfo = [
      "41 24 0:41 / /named rw - cgroup cgroup rw,name=memory",
      "42 24 0:42 / /memory rw - cgroup cgroup rw,memory",
    ].join("\n");
    const { hierarchies } = read({ cgroup: "2:name=memory:/\n3:memory:/\n", mountinfo });
    const points = Object.fromEntries(hierarchies.map(({ id, mountPoint }) => [id, mountPoint]));
    assert.deepEqual(points, { memory: "/memory", "name=memory": "/named" });
  });
});

describe("a cgroup path", () => {
  test("is found below the mount", () => {
    const mount = { mountPoint: "/sys/fs/cgroup", root: "/" };
    assert.equal(cgroupDirectory(mount, "/"), "/sys/fs/cgroup");
    assert.equal(cgroupDirectory(mount, "/user.slice"), "/sys/fs/cgroup/user.slice");
  });

  test("is taken relative to what the mount shows", () => {
    const mount = { mountPoint: "/sys/fs/cgroup/memory", root: "/docker/1" };
    assert.equal(cgroupDirectory(mount, "/docker/1/web"), "/sys/fs/cgroup/memory/web");
    assert.equal(cgroupDirectory(mount, "/docker/12"), undefined);
    assert.equal(cgroupDirectory(mount, "/docker"), undefined);
  });

  test("outside the reader's cgroup namespace has no directory", () => {
    assert.equal(cgroupDirectory({ mountPoint: "/sys/fs/cgroup", root: "/" }, "/../a"), undefined);
  });
});
