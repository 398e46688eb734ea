import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { enterOptions } from "../../helper/enter/enter.ts";
import { type SandboxSpecInput, sandboxSpec } from "../../helper/protocol/schemas.ts";
import {
  type Asker,
  needsIdRange,
  planIdentity,
} from "../../helper/sandboxes/identity/identity.ts";
import { readResolver } from "../../helper/sandboxes/plan/hostView.ts";
import { type PlanFacts, planRun } from "../../helper/sandboxes/plan/plan.ts";

const root: Asker = { uid: 0, gid: 0, name: "root", home: "/root", shell: "/bin/bash" };
const dev: Asker = { uid: 1000, gid: 1001, name: "dev", home: "/home/dev", shell: "/bin/zsh" };
const rangeBase = 0x8_0000;

const state = "/run/terrarium/sandboxes/0123456789ab";

function facts(asker: Asker, input: SandboxSpecInput, changes: Partial<PlanFacts> = {}): PlanFacts {
  const spec = sandboxSpec.parse(input);
  return {
    spec,
    sources: new Map(),
    identity: planIdentity(asker, spec.userns, needsIdRange(asker) ? rangeBase : undefined),
    hostname: "terrarium-tides",
    joined: [],
    hostView: [
      { kind: "directory", path: "/usr", holdsMounts: false },
      { kind: "symlink", path: "/bin", to: "usr/bin" },
      { kind: "directory", path: "/etc", holdsMounts: false },
    ],
    protections: { pinned: [], readOnly: [] },
    layer: spec.overlay === "kept" ? "/var/lib/terrarium/layers/tides" : undefined,
    cgroupDirectories: [],
    environment: { TERM: "xterm" },
    stdio: "tty",
    owner: [asker.uid, asker.gid],
    socket: `${state}/attach.sock`,
    stateDirectory: state,
    keepState: false,
    ...changes,
  };
}

/** The options as lines, one option each: what a reader of the launcher's help would write. */
function lines(options: readonly string[]): string[] {
  return options.join(" ").split(/ (?=--)/);
}

const privateMounts = ["--proc /proc", "--dev /dev", "--tmpfs-shared /tmp", "--tmpfs /run"];

test("the host's network comes with the file below /run that names its name server", () => {
  const path = "/run/systemd/resolve/stub-resolv.conf";
  const changes = { resolver: { source: path, target: path } };
  const plan = (input: SandboxSpecInput) => planRun(facts(dev, input, changes)).join(" ");
  const bind = `--ro-bind ${path} ${path}`;
  assert.ok(
    plan({ namespaces: { net: "host" } }).includes(`--tmpfs /run --tmpfs-shared /var/tmp ${bind} `),
  );
  assert.ok(!plan({}).includes(bind));
});

test("which is so only where any stranger on the host may read it", (t) => {
  const folder = mkdtempSync("/tmp/terrarium-resolver-");
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const [run, file] = [join(folder, "run"), join(folder, "resolv.conf")];
  mkdirSync(run);
  const target = join(run, "stub");
  writeFileSync(target, "");
  symlinkSync("run/stub", file);
  assert.deepEqual(readResolver(file, run), { source: target, target });
  assert.equal(readResolver(file, "/run"), undefined);
  assert.equal(readResolver(target, run), undefined, "no link");
  for (const [path, mode] of [
    [target, 0o640],
    [run, 0o750],
  ] as const) {
    chmodSync(path, mode);
    assert.equal(readResolver(file, run), undefined, path);
    chmodSync(path, 0o755);
  }
});

describe("a terminal sandbox of root", () => {
  const workspace = "/srv/tides";
  const plan = planRun(
    facts(
      root,
      { workspace },
      {
        protections: {
          pinned: [`${workspace}/.git`],
          readOnly: [`${workspace}/.git/hooks`, `${workspace}/.vscode`],
        },
        cgroupDirectories: ["/sys/fs/cgroup/cpu/terrarium/0123456789ab"],
      },
    ),
  );

  test("has a range of nobody's ids, few capabilities, and id-mapped binds for its workspace alone", () => {
    assert.deepEqual(lines(plan), [
      "--hostname terrarium-tides",
      "--uid 0",
      "--gid 0",
      "--uid-map 0 524288 65536",
      "--gid-map 0 524288 65536",
      "--keep-cap chown",
      "--keep-cap dac_override",
      "--keep-cap fowner",
      "--keep-cap kill",
      "--keep-cap setgid",
      "--keep-cap setuid",
      "--keep-cap setpcap",
      "--keep-cap net_bind_service",
      "--keep-cap net_raw",
      "--keep-cap sys_chroot",
      "--cgroup /sys/fs/cgroup/cpu/terrarium/0123456789ab",
      "--ro-bind /usr /usr",
      "--symlink usr/bin /bin",
      "--view-try /etc /etc",
      ...privateMounts,
      "--tmpfs-shared /var/tmp",
      "--symlink /run /var/run",
      "--dir /root",
      "--idmap-bind /srv/tides /srv/tides",
      "--pin /srv/tides/.git",
      "--ro-protect /srv/tides/.git/hooks",
      "--ro-protect /srv/tides/.vscode",
      "--chdir /srv/tides",
      "--env TERM=xterm",
      "--tty",
      `--listen ${state}/attach.sock`,
      "--owner 0:0",
      `--state-dir ${state}`,
    ]);
  });

  test("can plant no file capability and make no device: setfcap, mknod and sys_admin are not kept", () => {
    for (const name of ["setfcap", "mknod", "sys_admin", "sys_ptrace", "dac_read_search"]) {
      assert.ok(!plan.includes(name), name);
    }
  });
});

describe("a terminal sandbox of an ordinary user", () => {
  test("keeps the user's own id, no capability and plain binds", () => {
    assert.deepEqual(lines(planRun(facts(dev, { workspace: "/home/dev/tides" }))), [
      "--hostname terrarium-tides",
      "--uid 1000",
      "--gid 1001",
      "--uid-map 1000 1000 1",
      "--gid-map 1001 1001 1",
      "--ro-bind /usr /usr",
      "--symlink usr/bin /bin",
      "--ro-bind /etc /etc",
      ...privateMounts,
      "--tmpfs-shared /var/tmp",
      "--symlink /run /var/run",
      "--dir /home/dev",
      "--bind /home/dev/tides /home/dev/tides",
      "--chdir /home/dev/tides",
      "--env TERM=xterm",
      "--tty",
      `--listen ${state}/attach.sock`,
      "--owner 1000:1001",
      `--state-dir ${state}`,
    ]);
  });

  test("with --userns root is root inside and the user outside", () => {
    const plan = lines(planRun(facts(dev, { userns: "root" })));
    assert.ok(plan.includes("--uid-map 0 1000 1") && plan.includes("--gid-map 0 1001 1"));
    assert.ok(plan.includes("--uid 0") && plan.includes("--dir /root"));
  });
});

describe("a root directory", () => {
  const rootfs = { type: "directory", path: "/srv/alpine" } as const;

  test("replaces the view of the host, and only /proc /dev /tmp /run are made in it", () => {
    const plan = lines(planRun(facts(dev, { rootfs })));
    assert.ok(plan.includes("--rootfs /srv/alpine"));
    const mounts = plan.filter((line) => /^--(ro-)?(bind|tmpfs|proc|dev|dir|symlink)/.test(line));
    assert.deepEqual(mounts, privateMounts);
    assert.ok(plan.includes("--chdir /"));
  });

  test("is id-mapped for root, so that what root owns there belongs to the root inside", () => {
    assert.ok(lines(planRun(facts(root, { rootfs }))).includes("--idmap-rootfs /srv/alpine"));
  });
});

describe("an overlay", () => {
  const overlays = (asker: Asker, input: SandboxSpecInput) =>
    lines(planRun(facts(asker, input))).filter((line) =>
      /^--(idmap-)?(overlay|view|ro-bind|rootfs)/.test(line),
    );

  test("in memory covers each directory of the host's, with its owners shown", () => {
    assert.deepEqual(overlays(root, { overlay: "ephemeral" }), [
      "--view /usr /usr",
      "--overlay-tmpfs /usr",
      "--view /etc /etc",
      "--overlay-tmpfs /etc",
    ]);
  });

  test("that is kept has a directory for each, and one for the root", () => {
    const layer = "/var/lib/terrarium/layers/tides";
    assert.deepEqual(overlays(root, { overlay: "kept", name: "tides" }), [
      `--idmap-overlay ${layer}/root /`,
      "--view /usr /usr",
      `--idmap-overlay ${layer}/usr /usr`,
      "--view /etc /etc",
      `--idmap-overlay ${layer}/etc /etc`,
    ]);
  });

  test("over a root directory covers all of it", () => {
    const rootfs = { type: "directory", path: "/srv/alpine" } as const;
    assert.deepEqual(overlays(dev, { rootfs, overlay: "ephemeral" }), [
      "--rootfs /srv/alpine",
      "--overlay-tmpfs /",
    ]);
    assert.ok(overlays(root, { rootfs, overlay: "ephemeral" }).includes("--overlay-tmpfs /"));
  });
});

describe("volumes", () => {
  const mounts = [
    { type: "bind", source: "/data", target: "/d" },
    { type: "bind", source: "/keys", target: "/k", readOnly: true },
  ] as const;

  test("come after the workspace, in the order given, read-only where asked", () => {
    const plan = lines(planRun(facts(dev, { workspace: "/w", mounts: [...mounts] })));
    const binds = plan.filter((line) => /bind (?!\/(usr|etc))/.test(line));
    assert.deepEqual(binds, ["--bind /w /w", "--bind /data /d", "--ro-bind /keys /k"]);
  });

  test("may be of the kernel's file systems, or in memory, and leave out what is mounted below", () => {
    const kinds = lines(
      planRun(
        facts(dev, {
          readOnly: true,
          mounts: [
            { type: "bind", source: "/data", target: "/d", recursive: false },
            { type: "tmpfs", target: "/t", sizeBytes: 4096 },
            { type: "sysfs", target: "/sys" },
            { type: "cgroup", target: "/sys/fs/cgroup" },
          ],
        }),
      ),
    );
    const from = kinds.indexOf("--bind /data /d");
    assert.deepEqual(kinds.slice(from, from + 6), [
      "--bind /data /d",
      "--single",
      "--tmpfs-with mode=1777,size=4096 /t",
      "--sysfs /sys",
      "--cgroup-view /sys/fs/cgroup",
      "--read-only-root",
    ]);
  });

  test("are id-mapped for root", () => {
    const plan = lines(planRun(facts(root, { mounts: [...mounts] })));
    assert.ok(plan.includes("--idmap-bind /data /d") && plan.includes("--ro-idmap-bind /keys /k"));
  });
});

describe("the other choices", () => {
  const without = (changes: Partial<PlanFacts>, input: SandboxSpecInput = {}) =>
    lines(planRun(facts(dev, input, changes)));

  test("a detached sandbox has no terminal and no socket", () => {
    const plan = without({ stdio: "none", socket: undefined, keepState: true });
    assert.ok(!plan.some((line) => /^--(tty|listen|owner)/.test(line)));
    assert.equal(plan.at(-1), "--keep-state");
  });

  test("no-init is passed on only when asked for", () => {
    assert.ok(without({}, { init: false }).includes("--no-init"));
    assert.ok(!without({}).includes("--no-init"));
  });

  test("a time limit is told in milliseconds, several processes one by one", () => {
    assert.ok(without({}, { timeout: "1m30s" }).includes("--timeout 90000"));
    const processes = [{ name: "a", args: ["x"], restart: "no" as const, after: [] }];
    const plan = without({}, { processes });
    assert.ok(plan.includes("--process a no"));
    assert.ok(plan.includes("--word x"));
  });

  test("the working directory is the asked one, else the workspace, else home", () => {
    assert.ok(without({}, { workspace: "/w", workdir: "/x" }).includes("--chdir /x"));
    assert.ok(without({}, { workspace: "/w" }).includes("--chdir /w"));
    assert.ok(without({}).includes("--chdir /home/dev"));
  });
});

describe("the plan of a visit", () => {
  const plan = {
    pid: 4711,
    startTimeTicks: 99,
    namespaces: ["pid", "net"],
    follow: true,
    left: ["umask"],
    asRoot: false,
    seccomp: "default",
    landlock: undefined,
    cgroupDirectories: ["/sys/fs/cgroup/cpu/x"],
    workdir: "/w",
    environment: { A: "b" },
    args: ["sh"],
    stdio: "tty",
    owner: [1000, 1001],
    socket: "/run/s.sock",
    title: "sh",
  } as const;

  test("pins the process by its start time and takes its confinement", () => {
    assert.deepEqual(lines(enterOptions(plan)), [
      "--pid 4711",
      "--start-time 99",
      "--namespaces pid,net",
      "--follow",
      "--leave umask",
      "--seccomp default",
      "--cgroup /sys/fs/cgroup/cpu/x",
      "--chdir /w",
      "--env A=b",
      "--tty",
      "--listen /run/s.sock",
      "--owner 1000:1001",
    ]);
  });

  test("of a part of the namespaces keeps our own identity and filter", () => {
    const part = lines(
      enterOptions({ ...plan, follow: false, seccomp: "none", stdio: "none", workdir: undefined }),
    );
    assert.ok(part.includes("--seccomp none"));
    assert.ok(!part.some((line) => /^--(follow|tty|listen|owner|chdir)/.test(line)));
  });
});
