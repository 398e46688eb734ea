import assert from "node:assert/strict";
import { test } from "node:test";
import { cgroupRows } from "../../extension/views/cgroupRows.ts";
import { filteredRows } from "../../extension/views/filter.ts";
import {
  type ContainerArrangement,
  sandboxAndContainerRows,
} from "../../extension/views/firstViewRows.ts";
import { namespaceRows } from "../../extension/views/namespaceRows.ts";
import { reachOfRoot, reachOfUser } from "../../extension/views/reach.ts";
import type { Row } from "../../extension/views/row.ts";
import type { SandboxFacts } from "../../extension/views/sandboxRows.ts";
import type { Tables } from "../../extension/views/tables.ts";
import { type UsageReading, usageWords } from "../../extension/views/usageWords.ts";
import type { HostProcess } from "../../helper/protocol/hostTables.ts";
import type {
  ProcessFact,
  SandboxDetails,
  SandboxSummary,
} from "../../helper/protocol/inventory.ts";
import type { UsageSample } from "../../helper/protocol/usage.ts";
import { ageWords, countOf } from "../../helper/protocol/words.ts";
import { cgroup, container, namespace, process, tables } from "./extension-tables.ts";

function reading(figures: Partial<UsageSample>, cpuPercent: number | undefined): UsageReading {
  const of = { target: "/x", atMs: 0 };
  return {
    sample: { ...of, identity: "1", ...figures },
    rates: cpuPercent === undefined ? undefined : { ...of, intervalMs: 1, cpuPercent },
  };
}

function fact(pid: number, command: string, ...inner: number[]): ProcessFact {
  return {
    pid,
    nestedPids: [pid, ...inner],
    parentPid: 1,
    uid: 1000,
    command,
    commandLine: command,
    startTimeTicks: pid * 10,
  };
}

const directory = "/sys/fs/cgroup/memory/terrarium/a1b2c3d4e5f6";

const web: SandboxSummary = {
  id: "a1b2c3d4e5f6",
  name: "web",
  state: "running",
  tty: false,
  hostname: "web",
  command: "bash",
  createdAtMs: 0,
  pid: 20481,
  processes: [fact(20481, "init", 1), fact(20482, "bash", 2)],
  memoryBytes: 41 * 1024 * 1024,
  limits: [
    { limit: "cpuPeriodUs", file: "/c/cpu.cfs_period_us", value: 100_000 },
    { limit: "cpuQuotaUs", file: "/c/cpu.cfs_quota_us", value: 20_000 },
    { limit: "memoryBytes", file: `${directory}/memory.limit_in_bytes`, value: 512 * 1024 * 1024 },
    { limit: "pidsMax", file: "/c/pids.max", value: undefined },
  ],
  owner: 1000,
};

const details: SandboxDetails = {
  ...web,
  spec: {
    rootfs: { type: "host" },
    workspace: "/tmp/work",
    userns: "keep-id",
    namespaces: {},
    overlay: "none",
    lxcfs: false,
    readOnly: false,
    mounts: [],
    env: {},
    passEnv: [],
    init: true,
    limits: {},
    capabilities: {},
    noNewPrivileges: true,
    seccomp: "default",
    ulimits: {},
  },
  supervised: [],
  namespaces: [
    { type: "pid", inode: 11, shared: false },
    { type: "net", inode: 12, shared: false },
    { type: "ipc", inode: 14, shared: false, joinedWith: "db" },
    { type: "time", inode: 13, shared: true },
  ],
  mountsLeftOut: 0,
  mounts: [
    { target: "/usr", source: "/usr", fileSystem: "ext4", options: "ro,nosuid" },
    { target: "/tmp", source: "tmpfs", fileSystem: "tmpfs", options: "rw,nosuid" },
    { target: "/tmp/work", source: "/tmp/work", fileSystem: "tmpfs", options: "rw,nosuid" },
  ],
  cgroups: {},
  uidMap: [[1000, 1000, 1]],
};

const nowMs = 1_000_000_000;

function sandboxRows(
  sandboxes: readonly SandboxSummary[],
  known: ReadonlyMap<string, SandboxDetails>,
  alertOf: SandboxFacts["alertOf"] = () => undefined,
): readonly Row[] {
  return rowsOf(tables({}), {}, sandboxes, { details: known, alertOf });
}

function rowsOf(
  from: Tables,
  arrangement: Partial<ContainerArrangement> = {},
  sandboxes: readonly SandboxSummary[] = [],
  more: Partial<SandboxFacts> = {},
): readonly Row[] {
  const nothing = {
    ...{ details: new Map(), parts: new Map(), usage: new Map() },
    reach: reachOfUser,
  };
  return sandboxAndContainerRows(
    sandboxes,
    {
      ...nothing,
      tables: from,
      alertOf: () => undefined,
      hasReturned: () => false,
      nowMs,
      ...more,
    },
    { order: "state", byEngine: false, ...arrangement },
  );
}

/** The rows as a person reads them: indented `label | description`. */
function picture(rows: readonly Row[], depth = 0): readonly string[] {
  return rows.flatMap((row) => [
    `${"  ".repeat(depth)}${row.label} | ${row.description}`,
    ...picture(row.children?.() ?? [], depth + 1),
  ]);
}

test("a sandbox shows its processes with both pids, its namespaces, limits and mounts", () => {
  assert.deepEqual(picture(sandboxRows([web], new Map([[web.id, details]]))), [
    "web | terrarium · running · 41 MB of 512 MB · 2 processes",
    "  Processes | 2",
    "    1 → 20481 | init",
    "    2 → 20482 | bash",
    "  Namespaces | 2 own · ipc is another's · time is the host's",
    "    pid | 11   own · 2 processes",
    "    net | 12   own",
    "    ipc | 14   shared with db",
    "    time | 13   shared with the host",
    "  Limits | cpu 20 % · memory 512 MB",
    "    CPU period | 100000 µs · cpu.cfs_period_us",
    "    CPU quota | 20000 µs · cpu.cfs_quota_us",
    "    Memory | 512 MB · memory.limit_in_bytes",
    "    Processes | no limit · pids.max",
    "  Mounts | 1 writable · 1 read-only · 1 private",
    "    /tmp/work | writable · tmpfs",
    "    /usr | read-only · ext4",
    "    /tmp | private · tmpfs",
  ]);
});

test("a sandbox that has ended says how and stands below those that run", () => {
  const ended = { ...web, id: "b", name: "a", state: "exited" as const, processes: [] };
  const rows = sandboxRows(
    [{ ...ended, exitCode: 2 }, { ...ended, id: "c", exitSignal: "SIGKILL" }, web],
    new Map(),
  );
  assert.deepEqual(
    rows.map(({ description }) => description),
    [
      "terrarium · running · 41 MB of 512 MB · 2 processes",
      "terrarium · exited with 2",
      "terrarium · ended by SIGKILL",
    ],
  );
});

test("a paused sandbox says so, keeps its parts and stands behind those that run", () => {
  const paused = { ...web, id: "b", name: "a", state: "paused" as const };
  const [, row] = sandboxRows([paused, web], new Map());
  assert.equal(row?.description, "terrarium · paused · 41 MB of 512 MB · 2 processes");
  assert.deepEqual(row?.tokens, ["sandbox", "paused"]);
  assert.equal(row?.icon.codicon, "debug-pause");
  assert.ok(row?.children);
});

test("the host's namespace comes first, then a container's; an empty one says what keeps it", () => {
  const from = tables({
    containers: [container("terrarium", web.id, { name: "web" })],
    processes: [
      process(1, "init", { namespaces: { net: 50 } }),
      process(2, "sh", { namespaces: { net: 50 } }),
      process(9, "init", { nestedPids: [9, 1], namespaces: { net: 40 } }),
      process(812, "nginx", { namespaces: { net: 20 } }),
    ],
    namespaces: [
      namespace("net", 30),
      namespace("net", 20),
      namespace("net", 40, { container: `terrarium:${web.id}` }),
      namespace("net", 50, { isInitial: true }),
      namespace("net", 60, {
        keepers: [{ kind: "mount", path: "/run/netns/lab", mountNamespace: 1 }],
      }),
      namespace("net", 61, { keepers: [{ kind: "descriptor", pid: 812, descriptor: 7 }] }),
      namespace("net", 62, { keepers: [{ kind: "thread", pid: 812, threadId: 813 }] }),
      namespace("pid", 60, { isInitial: true }),
    ],
  });
  assert.deepEqual(picture(namespaceRows(from)), [
    "pid | 1",
    "  60 | host · kept alive without a process",
    "net | 7",
    "  50 | host · 2 processes",
    "    1 | init",
    "    2 | sh",
    "  40 | web · 1 process",
    "    1 → 9 | init",
    "  20 | nginx (812) · 1 process",
    "    812 | nginx",
    "  30 | nobody · kept alive without a process",
    "  60 | /run/netns/lab · kept alive by a bind mount, no process",
    "  61 | descriptor 7 of process 812 · kept alive by an open descriptor, no process",
    "  62 | thread 813 of process 812 · kept alive by a thread, no process",
  ]);
});

test("a container's namespace keeps its name when somebody from outside has joined it", () => {
  const from = tables({
    containers: [container("docker", "d0", { name: "db" })],
    processes: [
      process(9, "postgres", { namespaces: { net: 40 }, container: "docker:d0" }),
      process(30, "tcpdump", { namespaces: { net: 40 } }),
    ],
    namespaces: [namespace("net", 40)],
  });
  assert.deepEqual(picture(namespaceRows(from)).slice(0, 2), [
    "net | 1",
    "  40 | db and others · 2 processes",
  ]);
});

test("by owner, each user namespace stands in its parent, with what it owns below it", () => {
  const from = tables({
    processes: [process(1, "init", { namespaces: { user: 10, net: 20 } })],
    namespaces: [
      namespace("user", 10, { isInitial: true }),
      namespace("user", 11, {
        parent: 10,
        owner: 10,
        keepers: [{ kind: "namespace", type: "net", inode: 21 }],
      }),
      namespace("net", 20, { isInitial: true, owner: 10 }),
      namespace("net", 21, {
        owner: 11,
        keepers: [{ kind: "mount", path: "/run/netns/lab", mountNamespace: 1 }],
      }),
      namespace("uts", 22, { owner: 99 }),
      namespace("ipc", 23),
    ],
  });
  assert.deepEqual(picture(namespaceRows(from, "owner")), [
    "user 10 | host · 1 process · owns 2",
    "  Processes | 1",
    "    1 | init",
    "  net 20 | host · 1 process",
    "    1 | init",
    "  user 11 | net namespace 21 · kept alive by a namespace below it, no process · owns 1",
    "    net 21 | /run/netns/lab · kept alive by a bind mount, no process",
    "owner not known | 2",
    "  uts 22 | nobody · kept alive without a process",
    "  ipc 23 | nobody · kept alive without a process",
  ]);
});

const cgroups = tables({
  containers: [
    container("terrarium", "a1", {
      name: "web",
      cgroups: { memory: "/sys/fs/cgroup/memory/terrarium/a1" },
    }),
  ],
  cgroups: [
    cgroup("memory", "/", 100),
    cgroup("memory", "/z", 0, { isFrozen: true, delegatedTo: 1000 }),
    cgroup("memory", "/terrarium", 0),
    cgroup("memory", "/terrarium/a1", 3, { container: "terrarium:a1" }),
    cgroup("memory", "/terrarium/a1/own", 1, { container: "terrarium:a1" }),
    cgroup("memory", "/b.service", 1, { manager: "systemd: b.service", type: "threaded" }),
    cgroup("memory", "/docker", 0, { manager: "Docker" }),
    cgroup("unified", "/", 103),
  ],
});
const path = "/sys/fs/cgroup/memory";

test("a cgroup counts the processes below it, says its states and who made it, and bears its container's name", () => {
  const memory = { current: 41 * 1024 ** 2, max: 512 * 1024 ** 2 };
  const usage = new Map([[`${path}/terrarium/a1`, reading({ memory }, undefined)]]);
  assert.deepEqual(picture(cgroupRows({ tables: cgroups, usage, order: "name" })), [
    "unified (v2) | 103 processes",
    "memory (v1) | 6 cgroups · 105 processes",
    "  b.service | threaded · 1 process",
    "  docker | empty · Docker",
    "  terrarium | 4 processes",
    "    web | a1 · 41 MB / 512 MB · 4 processes",
    "      own | 1 process",
    "  z | frozen · delegated to user id 1000 · empty",
  ]);
});

test("cgroups stand by what they use where that was chosen, those not read yet last", () => {
  const memoryOf = (current: number) => reading({ memory: { current } }, 1);
  const usage = new Map([
    [`${path}/z`, memoryOf(5000)],
    [`${path}/docker`, memoryOf(9000)],
  ]);
  const [, row] = cgroupRows({ tables: cgroups, usage, order: "memory" });
  assert.deepEqual(
    row?.children?.().map(({ label }) => label),
    ["docker", "z", "b.service", "terrarium"],
  );
});

test("a round of usage makes the rows of those cgroups anew that it is of", () => {
  const rowsWith = (used: string) => {
    const usage = new Map([[`${path}/${used}`, reading({ memory: { current: 5000 } }, 1)]]);
    const [, row] = cgroupRows({ tables: cgroups, usage, order: "name" });
    return row?.children?.() ?? [];
  };
  const before = rowsWith("docker");
  const after = rowsWith("z");
  const isKept = after.map((row, at) => row === before[at]);
  const anew = after.filter((_, at) => !isKept[at]).map(({ label }) => label);
  assert.deepEqual(anew, ["docker", "terrarium", "z"]);
  assert.match(after[3]?.description ?? "", /4.9 KB/);
  assert.doesNotMatch(after[1]?.description ?? "", /KB/);
});

test("the usage of a cgroup is worded coarsely, and only what is known", () => {
  const memory = { current: 41.4 * 1024 ** 2, max: 512 * 1024 ** 2 };
  const words = usageWords(reading({ memory, pids: { current: 3, max: 200 } }, 12.4));
  assert.equal(words, "12 % cpu · 41 MB / 512 MB · 3 / 200 pids");
  assert.equal(usageWords(reading({ pids: { current: 3 } }, undefined)), "");
  const memories = [0, 1023, 413 * 1024 ** 2, 1.26 * 1024 ** 3].map((current) =>
    usageWords(reading({ memory: { current } }, undefined)),
  );
  assert.deepEqual(memories, ["0 B", "1020 B", "410 MB", "1.3 GB"]);
  const percents = [0.2, 9.6, 11.1, 99.2, 154].map((percent) => usageWords(reading({}, percent)));
  assert.deepEqual(percents, ["0 % cpu", "10 % cpu", "12 % cpu", "100 % cpu", "150 % cpu"]);
});

test("ids are unique in each tree and tell a pid that was given anew from the old one", () => {
  const again = { ...web, processes: [{ ...fact(20481, "init", 1), startTimeTicks: 1 }] };
  const idsOf = (rows: readonly Row[]): readonly string[] =>
    rows.flatMap((row) => [row.id, ...idsOf(row.children?.() ?? [])]);
  const first = idsOf(sandboxRows([web], new Map([[web.id, details]])));
  assert.equal(new Set(first).size, first.length);
  assert.deepEqual(
    idsOf(sandboxRows([again], new Map())).filter(
      (id) => id.includes("20481") && first.includes(id),
    ),
    [],
  );
});

test("a count has the plural of its noun", () => {
  assert.equal(countOf(1, "running sandbox"), "1 running sandbox");
  assert.equal(countOf(2, "running sandbox"), "2 running sandboxes");
  assert.equal(countOf(0, "process"), "0 processes");
  assert.equal(countOf(1200, "cgroup"), "1,200 cgroups");
});

test("a sandbox that ran out of memory says so, to who cannot see the mark too, until somebody looked", () => {
  const alert = {
    kind: "oomKill",
    weight: "error",
    words: "the kernel killed tail",
    atMs: 0,
    isNew: true,
  } as const;
  const rowOf = (isNew: boolean) => {
    const [row] = sandboxRows([web], new Map(), (id) =>
      id === web.id ? { ...alert, isNew } : undefined,
    );
    assert.ok(row);
    return row;
  };
  assert.ok(rowOf(true).tokens.includes("alert"));
  assert.match(rowOf(true).spoken, /, Out of memory$/);
  assert.ok(!rowOf(false).tokens.includes("alert"));
  assert.doesNotMatch(rowOf(false).spoken, /memory$/);
  for (const isNew of [true, false])
    assert.match(rowOf(isNew).card().facts[0]?.join(" ") ?? "", /out of memory .*killed tail/);
});

const minute = 60_000;
const own = { pid: 31, mnt: 32, net: 33, uts: 34, user: 9 };
const engines = tables({
  containers: [
    container("docker", "d".repeat(64), {
      name: "db",
      image: "docker.io/library/postgres:16",
      startedAtMs: nowMs - 12 * minute,
      cgroups: { memory: "/sys/fs/cgroup/memory/docker/d", unified: "/sys/fs/cgroup/unified/x" },
      ownNamespaces: ["pid", "mnt", "net", "uts"],
      evidence: [{ source: "cgroup path", detail: "/docker/d" }],
    }),
    container("podman", "build", { name: "build", state: "paused", pid: 801 }),
    container("kubernetes", "e".repeat(64), {
      startedAtMs: nowMs - 3 * 60 * minute,
      pod: { name: "coredns-7", namespace: "kube-system" },
      name: "kube-dns",
    }),
    container("unknown", "812:8120", {
      pid: 812,
      startTimeTicks: 8120,
      startedAtMs: nowMs - 9,
      ownNamespaces: ["pid", "net"],
    }),
    container("bubblewrap", "813:8130", {
      parent: `docker:${"d".repeat(64)}`,
      name: "inner",
      pid: 750,
    }),
  ],
  processes: [
    process(700, "postgres", {
      nestedPids: [700, 1],
      container: `docker:${"d".repeat(64)}`,
      namespaces: own,
    }),
    process(812, "chrome", { container: "unknown:812:8120" }),
  ],
  namespaces: [namespace("user", 9, { isInitial: true })],
});

test("containers of every engine stand beside ours: engine, state, uptime, memory, image, pod", () => {
  const usage = new Map([["/docker/d", reading({ memory: { current: 220 * 1024 ** 2 } }, 0)]]);
  const rows = rowsOf(engines, {}, [web], { usage });
  assert.deepEqual(
    rows.map(({ label, description }) => `${label} | ${description}`),
    [
      "db | docker · running 12 min · 220 MB (no limit) · postgres:16",
      "kube-dns | kubernetes · running 3 h · kube-system/coredns-7",
      "web | terrarium · running · 41 MB of 512 MB · 2 processes",
      "(unnamed) | unknown engine · running < 1 min · own pid net of process 812 chrome",
      "build | podman · paused",
    ],
  );
});

test("a container shows its processes, whose namespaces it has, what was asked of it, and those inside it", () => {
  const key = `docker:${"d".repeat(64)}`;
  const parts = new Map([[key, { limits: web.limits, mounts: details.mounts, mountsLeftOut: 0 }]]);
  const db = rowsOf(engines, { order: "name" }, [], { parts }).find(({ label }) => label === "db");
  const groups = (db?.children?.() ?? []).map(
    (row) => [row, /^(Lim|Mou)/.test(row.label) ? [] : row.children?.()] as const,
  );
  const shown = groups.flatMap(([row, below]) => [
    ...picture([{ ...row, children: () => below ?? [] }]),
  ]);
  assert.deepEqual(shown, [
    "Processes | 1",
    "  1 → 700 | postgres",
    "Namespaces | 4 own · user is the host's",
    "  pid | 31   own · 1 process",
    "  mnt | 32   own",
    "  net | 33   own",
    "  user | 9   shared with the host",
    "  uts | 34   own",
    "Limits | cpu 20 % · memory 512 MB",
    "Mounts | 0 writable · 1 read-only · 2 private",
    "inner | bubblewrap · running 11 d · of process 750",
    "  Processes | 0",
  ]);
});

test("a sandbox of ours stands there once, and not before the list of sandboxes has it", () => {
  const ours = container("terrarium", web.id, {
    pid: 20481,
    startedAtMs: nowMs - 5 * minute,
    evidence: [{ source: "registry", detail: "web" }],
  });
  const another = container("terrarium", "b", { pid: 99, name: "others", user: 1000 });
  const from = tables({ containers: [ours, another] });
  const labels = (sandboxes: readonly SandboxSummary[], of = from) =>
    rowsOf(of, {}, sandboxes).map(({ label, description }) => `${label} | ${description}`);
  assert.deepEqual(labels([]), ["others | terrarium · running 11 d"]);
  // The list may have it before the inventory knows it by the registry; who takes its id has another process.
  const early = { ...ours, evidence: [] };
  const liar = { ...early, pid: 98, name: "liar" };
  assert.deepEqual(
    labels([web], tables({ containers: [early] })).map((label) => label.split(" ")[0]),
    ["web"],
  );
  assert.deepEqual(
    labels([web], tables({ containers: [liar] })).map((label) => label.split(" ")[0]),
    ["liar", "web"],
  );
  assert.deepEqual(
    labels([web])[1],
    "web | terrarium · running 5 min · 41 MB of 512 MB · 2 processes",
  );
});

test("a container's card says how we know of it", () => {
  const [db] = rowsOf(engines, { order: "name" }).filter(({ label }) => label === "db");
  const card = new Map(db?.card().facts);
  assert.equal(card.get("how we know"), "cgroup path: /docker/d");
  assert.equal(card.get("id"), "d".repeat(64));
});

test("containers can be arranged by name, by engine, by start, and in groups", () => {
  const labels = (arrangement: Partial<ContainerArrangement>) =>
    rowsOf(engines, arrangement).map(({ label }) => label);
  assert.deepEqual(labels({ order: "name" }), ["(unnamed)", "build", "db", "kube-dns"]);
  assert.deepEqual(labels({ order: "engine" }), ["db", "kube-dns", "build", "(unnamed)"]);
  assert.deepEqual(labels({ order: "started" }), ["(unnamed)", "db", "kube-dns", "build"]);
  assert.deepEqual(labels({ byEngine: true }), [
    "Docker",
    "Kubernetes",
    "Podman",
    "unknown engine",
  ]);
});

test("below its engine a row does not say it again, and is found by it", () => {
  const rows = rowsOf(engines, { byEngine: true });
  const build = (all: readonly Row[]) =>
    all.flatMap((group) => group.children?.() ?? []).find(({ label }) => label === "build");
  assert.equal(build(rows)?.description, "paused");
  assert.equal(build(filteredRows(rows, "podman paused"))?.label, "build");
});

test("a row is marked by alerts that nobody has seen, and says nothing of others", () => {
  const alert = { kind: "oomKill", weight: "error", words: "killed", atMs: 0 } as const;
  const marks = (alertOf: SandboxFacts["alertOf"]) =>
    sandboxRows([web], new Map(), alertOf).map(({ alerts }) => alerts);
  assert.deepEqual(
    marks(() => ({ ...alert, isNew: true })),
    [web.id],
  );
  assert.deepEqual(
    marks(() => ({ ...alert, isNew: false })),
    [undefined],
  );
  assert.deepEqual(
    marks(() => undefined),
    [undefined],
  );
});

test("a container that stands still is marked, and says so", () => {
  const [paused] = rowsOf(engines, { order: "name" }).filter(({ label }) => label === "build");
  assert.deepEqual(
    [paused?.isFrozen, paused?.tokens, paused?.icon.codicon, paused?.spoken],
    [true, ["container", "paused"], "debug-pause", "Container build, podman, paused"],
  );
});

test("a filter keeps what holds every word, with what is above and below it", () => {
  const find = (words: string) =>
    picture(filteredRows(rowsOf(engines), words)).map((line) => line.split(" |")[0]);
  assert.deepEqual(find("POSTGRES 16").slice(0, 3), ["db", "  Processes", "    1 → 700"]);
  assert.deepEqual(find("inner"), ["db", "  inner", "    Processes"]);
  assert.deepEqual(find("801"), ["build", "  Processes"]);
  assert.deepEqual(find("nowhere"), []);
  const [found, onTheWay] = ["db", "inner"].map((words) => filteredRows(rowsOf(engines), words)[0]);
  assert.deepEqual([found?.isOnTheWay, onTheWay?.isOnTheWay], [undefined, true]);
  assert.equal(filteredRows(rowsOf(engines), "  ").length, 4);
});

test("a filter finds no container by what all of them have", () => {
  assert.deepEqual(filteredRows(rowsOf(engines), "uts"), []);
});

test("an age is coarse, so that a row seldom changes because of it", () => {
  const ages = [0, 59_999, minute, 59 * minute, 60 * minute, 1439 * minute, 1440 * minute];
  assert.deepEqual(ages.map(ageWords), [
    "< 1 min",
    "< 1 min",
    "1 min",
    "59 min",
    "1 h",
    "23 h",
    "1 d",
  ]);
});

test("what is closed to this user is shown, and says that it needs the root helper", () => {
  const docker = container("docker", "d1", { name: "db", pid: 700, startTimeTicks: 7000 });
  const closed = process(700, "postgres", { uid: 0, container: "docker:d1", namespaces: {} });
  const open = { ...closed, namespaces: { pid: 1 } };
  const marks = (topmost: HostProcess, reach = reachOfUser) => {
    const from = tables({ processes: [topmost], containers: [docker] });
    const [row] = rowsOf(from, {}, [], { reach });
    const [processes] = row?.children?.() ?? [];
    return [row, processes?.children?.()[0]].map(
      (one) => one?.description.includes("needs the root helper") && one?.tokens.includes("beyond"),
    );
  };
  assert.deepEqual(marks(closed), [true, true]);
  assert.deepEqual(marks(open), [false, false]);
  assert.deepEqual(marks(closed, reachOfRoot), [false, false]);
});
