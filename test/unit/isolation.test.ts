import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { IsolationFacts } from "../../helper/inspect/isolation/facts.ts";
import { isolationChecks, judge } from "../../helper/inspect/isolation/report.ts";
import { hostPathOf, mountOf, seenAt, visibleMounts } from "../../helper/kernel/hostPaths.ts";
import type { Known } from "../../helper/kernel/known.ts";
import { parseMountinfo } from "../../helper/kernel/mountinfo.ts";
import { parseInterfaces, parseListeningSockets } from "../../helper/kernel/network.ts";
import { type ProcessStatus, parseStatus } from "../../helper/kernel/proctext.ts";
import type { IsolationLevel } from "../../helper/protocol/isolation.ts";
import { isolationText } from "../../helper/protocol/isolationText.ts";
import { namespaceTypes } from "../../helper/protocol/namespaces.ts";

const known = <T>(value: T): Known<T> => ({ known: true, value });
const denied = { known: false, why: "EACCES" } as const;

const process = {
  pid: 812,
  nestedPids: [812, 2],
  parentPid: 811,
  uid: 524_288,
  command: "web",
  commandLine: "web --serve",
  startTimeTicks: 7,
};

const initialInodes = { pid: 1, mnt: 2, net: 3, user: 4, uts: 5, ipc: 6, cgroup: 7, time: 8 };
const ownInodes = { pid: 11, mnt: 12, net: 13, user: 14, uts: 15, ipc: 16, cgroup: 17, time: 18 };

function status(fields: Readonly<Record<string, string>> = {}): Known<ProcessStatus> {
  const lines = {
    ...{ Uid: "524288 524288 524288 524288", Gid: "524288 524288 524288 524288" },
    ...{ CapPrm: "0", CapEff: "0", CapBnd: "0", NoNewPrivs: "1" },
    ...{ Seccomp: "2", Seccomp_filters: "2", ...fields },
  };
  const text = Object.entries(lines).map(([name, value]) => `${name}:\t${value}\n`);
  const parsed = parseStatus(text.join(""));
  assert.ok(parsed);
  return known(parsed);
}

const hostMounts = parseMountinfo(
  [
    "1 0 8:1 / / rw - ext4 /dev/sda rw",
    "2 1 0:6 / /dev rw - devtmpfs devtmpfs rw",
    "3 1 8:2 / /home rw - ext4 /dev/sdb rw",
    "4 1 0:20 / /run rw - tmpfs tmpfs rw",
  ].join("\n"),
);

function mounts(...more: readonly string[]) {
  const lines = [
    "50 1 0:90 / / rw - tmpfs none rw",
    "51 50 8:1 /usr /usr ro - ext4 /dev/sda rw",
    "52 50 0:91 / /proc rw - proc none rw",
    "53 52 0:91 /sys /proc/sys ro - proc none rw",
    ...["meminfo", "stat", "cpuinfo"].map(
      (name) => `54 52 0:92 /${name} /proc/${name} rw - fuse.lxcfs lxcfs rw`,
    ),
  ];
  return known(parseMountinfo([...lines, ...more].join("\n")));
}

const limited = (value: number | undefined) => known({ value, file: "/sys/fs/cgroup/a/file" });

/** Everything that can be closed is closed. */
const closed: IsolationFacts = {
  process,
  sandbox: "web",
  asked: { landlock: { readWrite: ["/tmp"] } },
  status: status(),
  user: undefined,
  namespaces: known(ownInodes),
  initial: new Set(Object.values(initialInodes)),
  others: {},
  deniedProcesses: 0,
  label: known("docker-default (enforce)"),
  mounts: mounts(),
  hostMounts,
  devices: known([{ path: "/dev/null", name: "null", block: false }]),
  interfaces: known(["lo"]),
  sockets: known([]),
  hostSockets: known(["/run/docker.sock", "/home/me/agent"]),
  limits: { memory: limited(2 ** 29), pids: limited(200), cpu: limited(1.5) },
  release: "6.1.0",
};

const allShared = known(initialInodes);
const onHost = { namespaces: allShared, sandbox: undefined, asked: undefined };
const disk = { path: "/dev/sda", name: "sda", block: true };
const kvm = { path: "/dev/kvm", name: "kvm", block: false };
const setTime = status({ CapPrm: "2000000" });

type Row = readonly [check: string, level: IsolationLevel, change: Partial<IsolationFacts>];

/** Each check in its other states; beside these stands `closed`. */
const rows: readonly Row[] = [
  ["pid", "open", onHost],
  ["mnt", "open", onHost],
  ["net", "open", onHost],
  ["net", "partly", { others: { net: [process] } }],
  ...(["user", "uts", "ipc", "cgroup", "time"] as const).map(
    (type): Row => [type, "partly", onHost],
  ),
  ...namespaceTypes.map((type): Row => [type, "unknown", { namespaces: denied }]),
  ["capabilities", "open", { ...onHost, status: setTime }],
  ["capabilities", "partly", { ...onHost, status: status({ CapPrm: "1" }) }],
  ["capabilities", "partly", { status: status({ CapPrm: "1000" }) }],
  ["capabilities", "closed", { status: status({ CapPrm: "1" }) }],
  ["capabilities", "unknown", { namespaces: denied, status: setTime }],
  ["bounding set", "partly", { ...onHost, status: status({ CapBnd: "1", NoNewPrivs: "0" }) }],
  ["bounding set", "closed", { status: status({ CapBnd: "1", NoNewPrivs: "0" }) }],
  ["user outside", "open", { status: status({ Uid: "0 0 0 0" }) }],
  ["user outside", "partly", { user: "me" }],
  ["no_new_privs", "partly", { status: status({ NoNewPrivs: "0" }) }],
  ["seccomp", "open", { status: status({ Seccomp: "0" }) }],
  ["security module", "partly", { label: known(undefined) }],
  ["security module", "partly", { label: known("unconfined") }],
  ["Landlock", "partly", { asked: {} }],
  ["Landlock", "unknown", { asked: undefined, sandbox: undefined }],
  ["host files", "open", onHost],
  ["host files", "open", { mounts: mounts("60 50 8:1 / /host rw - ext4 /dev/sda rw") }],
  ["host files", "open", { mounts: mounts("60 50 8:1 /etc/cron.d /c rw - ext4 /dev/sda rw") }],
  ["host files", "partly", { mounts: mounts("60 50 8:2 /me/work /w rw - ext4 /dev/sdb rw") }],
  ["host files", "closed", { mounts: mounts("60 50 8:2 /me/work /w rw - ext4 /dev/sdb ro") }],
  // A container's own layers, which its engine mounted on the host first.
  [
    "host files",
    "closed",
    {
      mounts: mounts("60 50 0:95 / / rw - overlay overlay rw"),
      hostMounts: parseMountinfo("9 1 0:95 / /var/lib/merged rw - overlay overlay rw"),
    },
  ],
  ["host files", "unknown", { mounts: denied }],
  [
    "kernel files",
    "open",
    {
      status: status({ Uid: "0 0 0 0" }),
      mounts: mounts("60 50 0:93 / /sys rw - sysfs none rw"),
    },
  ],
  ["kernel files", "closed", { mounts: mounts("60 50 0:93 / /sys rw - sysfs none rw") }],
  ["host devices", "open", { devices: known([disk]) }],
  ["host devices", "partly", { devices: known([kvm]) }],
  ["network", "open", onHost],
  ["network", "partly", { interfaces: known(["lo", "eth0"]) }],
  ["abstract sockets", "open", { ...onHost, sockets: known(["@/tmp/.X11-unix/X0"]) }],
  ["abstract sockets", "partly", onHost],
  [
    "abstract sockets",
    "closed",
    { ...onHost, asked: { landlock: { scopes: ["abstract-sockets"] } } },
  ],
  ["socket files", "open", { mounts: mounts("60 50 0:20 / /outer ro - tmpfs tmpfs rw") }],
  ["socket files", "partly", { mounts: mounts("60 50 8:2 /me /home/me rw - ext4 /dev/sdb rw") }],
  ["memory", "partly", { limits: { ...closed.limits, memory: limited(undefined) } }],
  ["processes", "partly", { limits: { ...closed.limits, pids: limited(undefined) } }],
  ["processor time", "partly", { limits: { ...closed.limits, cpu: limited(undefined) } }],
  ["wall clock", "open", { ...onHost, status: setTime }],
  ["wall clock", "closed", { status: setTime }],
  ["keyrings", "partly", onHost],
  ["machine figures", "partly", { mounts: known([]) }],
];

/** Linux has nothing to close it with. */
const neverClosed = new Set(["kernel"]);

const levelOf = (facts: IsolationFacts, name: string) =>
  judge(facts).lines.find((line) => line.name === name)?.level;

describe("the isolation report", () => {
  test("finds everything closed where it is, but the one kernel", () => {
    const others = judge(closed).lines.filter(({ level }) => level !== "closed");
    assert.deepEqual(
      others.map(({ name }) => name),
      [...neverClosed],
    );
  });

  for (const [index, [name, level, change]] of rows.entries()) {
    test(`finds ${name} ${level} (${index})`, () => {
      assert.equal(levelOf({ ...closed, ...change }, name), level);
    });
  }

  test("has been seen in another state than closed for every check", () => {
    const seen = new Set(rows.filter(([, level]) => level !== "closed").map(([name]) => name));
    const all = Object.values(isolationChecks).flat();
    const missing = all.filter(({ name }) => !seen.has(name) && !neverClosed.has(name));
    assert.deepEqual(missing, []);
  });

  test("says of whatever is open how much it matters, and where it was read", () => {
    for (const [, , change] of rows) {
      for (const line of judge({ ...closed, ...change }).lines) {
        assert.ok(line.fact && line.source, line.name);
        if (line.level === "open") assert.ok(line.matters && line.remedy, line.name);
      }
    }
  });

  test("says what could not be read, and why", () => {
    const hidden = { ...closed, namespaces: denied, mounts: denied, status: denied };
    for (const line of judge(hidden).lines.filter(({ level }) => level === "unknown")) {
      assert.match(line.fact, /not known: EACCES/);
    }
  });

  test("never throws, and shows nothing that steers a terminal", () => {
    const word = fc.string({ unit: "binary" });
    const anyKnown = <T>(value: fc.Arbitrary<T>) =>
      fc.oneof(value.map(known), fc.constant({ known: false, why: "EPERM" } as const));
    const mount = fc.record({
      ...{ id: fc.nat(), parentId: fc.nat(), device: fc.constantFrom("8:1", "0:6", "0:99") },
      ...{ root: word, mountPoint: word, options: word, source: word },
      fileSystem: fc.constantFrom("ext4", "devtmpfs", "overlay", "proc", "sysfs", "fuse.lxcfs"),
      superOptions: fc.array(word),
    });
    const facts = fc.record({
      label: anyKnown(fc.option(word, { nil: undefined })),
      mounts: anyKnown(fc.array(mount)),
      hostMounts: fc.array(mount),
      devices: anyKnown(fc.array(fc.record({ path: word, name: word, block: fc.boolean() }))),
      interfaces: anyKnown(fc.array(word)),
      sockets: anyKnown(fc.array(word)),
      hostSockets: anyKnown(fc.array(word)),
      namespaces: fc.constantFrom(known(ownInodes), allShared, denied),
      status: fc.constantFrom(status(), setTime, denied),
    });
    fc.assert(
      fc.property(facts, (change) => {
        const text = isolationText(judge({ ...closed, ...change }));
        assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Bidi_Control}]/u);
      }),
    );
  });

  test("as text is 80 columns wide and paints the marks only", () => {
    const plain = isolationText(judge({ ...closed, ...onHost }));
    for (const line of plain.split("\n")) assert.ok(line.length <= 80, line);
    const painted = isolationText(judge({ ...closed, ...onHost }), (_level, mark) => `<${mark}>`);
    assert.equal(painted.replace(/<([●▲✗?])>/g, "$1"), plain);
    assert.notEqual(painted, plain);
  });
});

describe("a path of the host", () => {
  test("is told from the device and the root of a mount", () => {
    const at = (device: string, root: string) => hostPathOf({ device, root }, hostMounts);
    assert.equal(at("8:2", "/me"), "/home/me");
    assert.equal(at("8:1", "/"), "/");
    assert.equal(at("0:99", "/"), undefined);
  });

  test("is found where it is seen, and not below what was mounted over it", () => {
    const outer = "60 50 8:2 / /data rw - ext4 /dev/sdb rw";
    const over = "61 60 0:99 / /data/me rw - tmpfs none rw";
    const seen = (...lines: string[]) =>
      seenAt("/home/me/agent", hostMounts, visibleMounts(parseMountinfo(lines.join("\n"))));
    assert.equal(seen(outer), "/data/me/agent");
    assert.equal(seen(outer, over), undefined);
    assert.equal(seen(), undefined);
  });

  test("leads to the mount with the longest mount point", () => {
    assert.equal(mountOf("/run/x", hostMounts)?.id, 4);
    assert.equal(mountOf("/runner", hostMounts)?.id, 1);
  });
});

describe("a mount", () => {
  const visible = (...lines: string[]) =>
    visibleMounts(parseMountinfo(lines.join("\n"))).map(({ id }) => id);
  const root = "1 1 8:1 / / rw - ext4 a rw";

  test("is hidden by what lies on top of it, with all that was below", () => {
    const dev = "2 1 0:6 / /dev rw - devtmpfs a rw";
    const shm = "3 2 0:7 / /dev/shm rw - tmpfs a rw";
    const over = "4 2 0:8 / /dev rw - tmpfs a rw";
    const pts = "5 4 0:9 / /dev/pts rw - devpts a rw";
    assert.deepEqual(visible(root, dev, shm), [1, 2, 3]);
    assert.deepEqual(visible(root, dev, shm, over, pts), [1, 4, 5]);
  });

  test("is hidden by one over a directory above it", () => {
    const deep = "2 1 8:2 / /a/b rw - ext4 a rw";
    const deeper = "3 2 8:3 / /a/b/c rw - ext4 a rw";
    const over = "4 1 8:4 / /a rw - ext4 a rw";
    assert.deepEqual(visible(root, deep, deeper, over), [1, 4]);
  });
});

describe("the network's files", () => {
  test("name devices, also an alias with a colon", () => {
    const text = "Inter-| Receive\n face |bytes\n    lo:  0 0\n eth0:1: 5 0\nwg0:12345 0\n";
    assert.deepEqual(parseInterfaces(text), ["lo", "eth0:1"]);
  });

  test("name the sockets that listen, whatever is in their names", () => {
    const line = (flags: string, name: string) =>
      `0000000000000000: 00000002 00000000 ${flags} 0001 01 12345${name}\n`;
    const text = [
      "Num       RefCount Protocol Flags    Type St Inode Path\n",
      line("00010000", " /run/a b.sock"),
      line("00010000", " @abstract"),
      line("00000000", " /run/connected"),
      line("00010000", ""),
    ].join("");
    assert.deepEqual(parseListeningSockets(text), ["/run/a b.sock", "@abstract"]);
  });
});
