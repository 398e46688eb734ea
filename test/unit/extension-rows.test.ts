import assert from "node:assert/strict";
import { test } from "node:test";
import { cgroupRows } from "../../extension/views/cgroupRows.ts";
import { namespaceRows } from "../../extension/views/namespaceRows.ts";
import type { Row } from "../../extension/views/row.ts";
import { sandboxRows } from "../../extension/views/sandboxRows.ts";
import { usageWords } from "../../extension/views/usageWords.ts";
import { countOf } from "../../extension/views/words.ts";
import type {
  CgroupReport,
  NamespaceReport,
  ProcessFact,
  SandboxDetails,
  SandboxSummary,
} from "../../helper/protocol/inventory.ts";

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
    "  Namespaces | 2 own · ipc another's · time the host's",
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

test("the host's namespace comes first, a sandbox's bears its name, an empty one says so", () => {
  const report: NamespaceReport = {
    deniedProcesses: 0,
    namespaces: [
      { type: "net", inode: 30, isInitial: false, processes: [] },
      { type: "net", inode: 20, isInitial: false, processes: [fact(812, "nginx")] },
      { type: "net", inode: 40, isInitial: false, sandbox: "web", processes: [fact(9, "init", 1)] },
      { type: "net", inode: 50, isInitial: true, processes: [fact(1, "init"), fact(2, "sh")] },
      { type: "pid", inode: 60, isInitial: true, processes: [] },
    ],
  };
  assert.deepEqual(picture(namespaceRows(report)), [
    "pid | 1",
    "  60 | host · kept alive without a process",
    "net | 4",
    "  50 | host · 2 processes",
    "    1 | init",
    "    2 | sh",
    "  40 | web · 1 process",
    "    1 → 9 | init",
    "  20 | nginx (812) · 1 process",
    "    812 | nginx",
    "  30 | nobody · kept alive without a process",
  ]);
});

test("a cgroup counts the processes below it and a sandbox's cgroup bears its name", () => {
  const leaf = { path: "/terrarium/a1", name: "a1", processes: 3, sandbox: "web", children: [] };
  const group = { path: "/terrarium", name: "terrarium", processes: 0, children: [leaf] };
  const empty = { path: "/z", name: "z", processes: 0, children: [] };
  const report: CgroupReport = {
    mode: "hybrid",
    hierarchies: [
      {
        id: "memory",
        version: 1,
        controllers: ["memory"],
        mountPoint: "/sys/fs/cgroup/memory",
        root: { path: "/", name: "", processes: 100, children: [empty, group] },
      },
      {
        id: "unified",
        version: 2,
        controllers: [],
        mountPoint: "/sys/fs/cgroup/unified",
        root: { path: "/", name: "", processes: 103, children: [] },
      },
    ],
  };
  const usage = new Map([["/sys/fs/cgroup/memory/terrarium/a1", "41 MB / 512 MB"]]);
  assert.deepEqual(picture(cgroupRows(report, usage)), [
    "unified (v2) | 103 processes",
    "memory (v1) | 3 cgroups · 103 processes",
    "  terrarium | 3 processes",
    "    web | a1 · 41 MB / 512 MB · 3 processes",
    "  z | empty",
  ]);
});

test("the usage of a cgroup is worded coarsely, and only what is known", () => {
  const sample = { target: "/x", atMs: 0, identity: "1" };
  const rates = (cpuPercent: number) => ({ target: "/x", atMs: 0, intervalMs: 1, cpuPercent });
  const memory = { current: 41.4 * 1024 ** 2, max: 512 * 1024 ** 2 };
  const words = usageWords({ ...sample, memory, pids: { current: 3, max: 200 } }, rates(12.4));
  assert.equal(words, "12 % cpu · 41 MB / 512 MB · 3 / 200 pids");
  assert.equal(usageWords({ ...sample, pids: { current: 3 } }, undefined), "");
  const memories = [0, 1023, 413 * 1024 ** 2, 1.26 * 1024 ** 3].map((current) =>
    usageWords({ ...sample, memory: { current } }, undefined),
  );
  assert.deepEqual(memories, ["0 B", "1020 B", "410 MB", "1.3 GB"]);
  const percents = [0.2, 9.6, 11.1, 99.2, 154].map((percent) => usageWords(sample, rates(percent)));
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
