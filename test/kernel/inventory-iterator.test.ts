import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { prepareTasks } from "../../helper/inventory/tasks.ts";
import { errnoOf, KernelError } from "../../helper/kernel/errors.ts";
import { addressOf, bpf } from "../../helper/kernel/libc.ts";
import {
  aboveRecord,
  cgroupRecord,
  commBytes,
  headerRecord,
  recordedNamespaces,
  recordFlags,
  recordKinds,
  recordMagic,
  recordStart,
  recordVersion,
  setRecord,
  taskRecord,
} from "../../helper/kernel/recordLayout.ts";
import { parseRecords } from "../../helper/kernel/taskRecords.ts";
import { makeTemporaryFolder } from "../rig/cache.ts";
import { checkout } from "../rig/prepare.mjs";
import { eventually } from "./cli.ts";
import { needsRoot } from "./isolated.ts";

const prepared = await prepareTasks();
const needsIterator = {
  skip: needsRoot.skip || (prepared.source === "proc" ? prepared.why : false),
};

/** What a C expression is in native/inventory/record.h, and the same in TypeScript. */
const layout: readonly (readonly [expression: string, value: number])[] = [
  ["RECORD_MAGIC", recordMagic],
  ["RECORD_VERSION", recordVersion],
  ["RECORD_COMM", commBytes],
  ["RECORD_HEADER", recordKinds.header],
  ["RECORD_CGROUP", recordKinds.cgroup],
  ["RECORD_TASK", recordKinds.task],
  ["RECORD_SET", recordKinds.set],
  ["RECORD_ABOVE", recordKinds.above],
  ["RECORD_KERNEL_THREAD", recordFlags.kernelThread],
  ["RECORD_ZOMBIE", recordFlags.zombie],
  ["offsetof(struct record_start, kind)", recordStart.kind],
  ["offsetof(struct record_start, size)", recordStart.size],
  ["offsetof(struct header_record, magic)", headerRecord.magic],
  ["offsetof(struct header_record, version)", headerRecord.version],
  ["sizeof(struct header_record)", headerRecord.sizeof],
  ["offsetof(struct cgroup_record, set)", cgroupRecord.set],
  ["offsetof(struct cgroup_record, hierarchy)", cgroupRecord.hierarchy],
  ["offsetof(struct cgroup_record, id_low)", cgroupRecord.idLow],
  ["offsetof(struct cgroup_record, id_high)", cgroupRecord.idHigh],
  ["sizeof(struct cgroup_record)", cgroupRecord.sizeof],
  ["offsetof(struct set_record, set)", setRecord.set],
  ["offsetof(struct set_record, namespaces)", setRecord.namespaces],
  ["offsetof(struct set_record, owners)", setRecord.owners],
  ["offsetof(struct set_record, parent)", setRecord.parent],
  ["offsetof(struct set_record, owner_uid)", setRecord.ownerUid],
  ["offsetof(struct set_record, ids)", setRecord.ids],
  ["sizeof(struct set_record)", setRecord.sizeof],
  ["offsetof(struct above_record, type)", aboveRecord.type],
  ["offsetof(struct above_record, inode)", aboveRecord.inode],
  ["offsetof(struct above_record, parent)", aboveRecord.parent],
  ["offsetof(struct above_record, owner)", aboveRecord.owner],
  ["offsetof(struct above_record, owner_uid)", aboveRecord.ownerUid],
  ["offsetof(struct above_record, id)", aboveRecord.id],
  ["sizeof(struct above_record)", aboveRecord.sizeof],
  ["offsetof(struct task_record, flags)", taskRecord.flags],
  ["offsetof(struct task_record, tgid)", taskRecord.tgid],
  ["offsetof(struct task_record, tid)", taskRecord.tid],
  ["offsetof(struct task_record, parent)", taskRecord.parent],
  ["offsetof(struct task_record, uid)", taskRecord.uid],
  ["offsetof(struct task_record, euid)", taskRecord.euid],
  ["offsetof(struct task_record, set)", taskRecord.set],
  ["offsetof(struct task_record, start_low)", taskRecord.startLow],
  ["offsetof(struct task_record, start_high)", taskRecord.startHigh],
  ["offsetof(struct task_record, namespaces)", taskRecord.namespaces],
  ["offsetof(struct task_record, comm)", taskRecord.comm],
  ["offsetof(struct task_record, nested)", taskRecord.nested],
  ["offsetof(struct task_record, pids)", taskRecord.pids],
  ["RECORD_PID", recordedNamespaces.pid],
  ["RECORD_MNT", recordedNamespaces.mnt],
  ["RECORD_NET", recordedNamespaces.net],
  ["RECORD_USER", recordedNamespaces.user],
  ["RECORD_UTS", recordedNamespaces.uts],
  ["RECORD_IPC", recordedNamespaces.ipc],
  ["RECORD_CGROUP_NS", recordedNamespaces.cgroup],
  ["RECORD_TIME", recordedNamespaces.time],
];

test("the records are the same in C and in TypeScript", () => {
  const checks = layout.map(
    ([expression, value]) => `_Static_assert(${expression} == ${value}, "");`,
  );
  const lines = ["#include <stddef.h>", '#include "native/inventory/record.h"', ...checks];
  const options = ["-x", "c", "-fsyntax-only", "-I", checkout, "-"];
  execFileSync("gcc", options, { input: lines.join("\n") });
});

describe("records", () => {
  const header = [
    recordKinds.header | (headerRecord.sizeof << 16),
    recordMagic,
    recordVersion,
  ] as const;

  function parse(words: readonly number[]) {
    const buffer = Buffer.from(Uint32Array.from(words).buffer);
    return parseRecords(buffer, buffer.length, new Map([[0, "unified"]]));
  }

  test("of another version, or none at all, are refused", () => {
    const refused = (error: unknown) => error instanceof KernelError && error.errno === "EPROTO";
    assert.throws(() => parse([header[0], recordMagic, recordVersion + 1]), refused);
    assert.throws(() => parse([header[0], 1, recordVersion]), refused);
    assert.throws(() => parse([]), refused);
    assert.throws(() => parse([...header, 0, 0]), refused);
  });

  function taskOf(pid: number): number[] {
    const words = new Array<number>(taskRecord.pids / 4).fill(0);
    words[0] = recordKinds.task | (taskRecord.pids << 16);
    for (const field of ["tgid", "tid"] as const) words[taskRecord[field] / 4] = pid;
    return words;
  }

  test("tell numbers of more than 32 bits, as ids of cgroups and times are", () => {
    const cgroup = [recordKinds.cgroup | (cgroupRecord.sizeof << 16), 7, 0, 5, 2];
    const words = taskOf(42);
    words[taskRecord.set / 4] = 7;
    words[taskRecord.startLow / 4] = 1;
    words[taskRecord.startHigh / 4] = 1;
    const [task] = parse([...header, ...cgroup, ...words]).tasks;
    assert.deepEqual(task?.cgroupIds, { unified: 2 * 2 ** 32 + 5 });
    assert.equal(task?.startTimeTicks, 2 ** 32 + 1);
    assert.deepEqual(task?.nestedPids, [42]);
  });

  test("tell the name of each process, also where there are more than are remembered", () => {
    const names = Array.from({ length: 3_000 }, (_, pid) => `name ${pid % 1_500}`);
    const records = names.flatMap((name, pid) => {
      const words = taskOf(pid + 1);
      const comm = Buffer.alloc(commBytes);
      comm.write(name);
      words.splice(
        taskRecord.comm / 4,
        commBytes / 4,
        ...new Uint32Array(comm.buffer, comm.byteOffset, commBytes / 4),
      );
      return words;
    });
    const { tasks } = parse([...header, ...records]);
    assert.deepEqual(
      tasks.map(({ command }) => command),
      names,
    );
  });
});

test("a build without clang has no iterator, says so in one line, and is no failure", async (t) => {
  const tools = await makeTemporaryFolder("tools");
  t.after(() => rmSync(tools, { recursive: true }));
  for (const tool of ["make", "gcc", "sh", "sed", "uname"]) {
    const path = execFileSync("which", [tool], { encoding: "utf8" }).trim();
    symlinkSync(path, join(tools, tool));
  }
  const words = ["-s", "-C", join(checkout, "native"), "iterator"];
  const output = execFileSync("make", words, { encoding: "utf8", env: { PATH: tools } });
  assert.match(output, /^native: no task iterator, for want of clang[^\n]*\n$/);
});

/** include/uapi/linux/bpf.h. */
const BPF_PROG_GET_NEXT_ID = 11;
const BPF_PROG_GET_FD_BY_ID = 13;
const BPF_OBJ_GET_INFO_BY_FD = 15;
/** Of struct bpf_prog_info: the name's place. */
const nameOffset = 64;
const infoBytes = 128;

/** Ids of the iterators that are in the kernel, other helpers' included. */
function iteratorIds(): readonly number[] {
  const ids: number[] = [];
  for (let id = nextProgram(0); id !== undefined; id = nextProgram(id)) {
    if (programName(id) === "dump_task") ids.push(id);
  }
  return ids;
}

function nextProgram(after: number): number | undefined {
  const attributes = Buffer.alloc(12);
  attributes.writeUInt32LE(after, 0);
  return unlessGone(() => {
    bpf(BPF_PROG_GET_NEXT_ID, attributes);
    return attributes.readUInt32LE(4);
  });
}

function programName(id: number): string | undefined {
  return unlessGone(() => {
    const attributes = Buffer.alloc(12);
    attributes.writeUInt32LE(id, 0);
    const fd = bpf(BPF_PROG_GET_FD_BY_ID, attributes);
    try {
      return nameOf(fd);
    } finally {
      closeSync(fd);
    }
  });
}

function nameOf(fd: number): string {
  const info = Buffer.alloc(infoBytes);
  const attributes = Buffer.alloc(16);
  attributes.writeUInt32LE(fd, 0);
  attributes.writeUInt32LE(info.length, 4);
  attributes.writeBigUInt64LE(addressOf(info), 8);
  bpf(BPF_OBJ_GET_INFO_BY_FD, attributes);
  const name = info.toString("latin1", nameOffset, nameOffset + 16);
  return name.slice(0, name.indexOf("\0"));
}

function unlessGone<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

describe("the iterator", needsIterator, () => {
  test("is gone from the kernel with the process that had it loaded, also when that is killed", async () => {
    const others = new Set(iteratorIds());
    const module = join(checkout, "helper/inventory/tasks.ts");
    const script = `
      const { prepareTasks, readTasks } = await import(process.argv[1]);
      await prepareTasks();
      console.log(readTasks().source);
      setInterval(() => undefined, 1000);`;
    const words = ["--input-type=module", "-e", script, module];
    const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
    assert.equal(`${(await once(child.stdout, "data"))[0]}`, "bpf\n");
    const loaded = iteratorIds().filter((id) => !others.has(id));
    assert.ok(loaded.length > 0);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    // The kernel lets go of it after a grace period.
    await eventually("it is gone", () => !iteratorIds().some((id) => loaded.includes(id)));
  });

  test("is loaded by a program that says what is wrong with how it was started", () => {
    const loader = join(checkout, "dist/native/task-iterator");
    const { stdout } = spawnSync(loader, { stdio: ["ignore", "pipe", "ignore"] });
    const { event, stage, call, errno, hint } = JSON.parse(`${stdout}`);
    assert.deepEqual([event, stage, call], ["error", "hand over", "sendmsg"]);
    assert.match(errno, /^(EBADF|ENOTSOCK)$/);
    assert.match(hint, /descriptor 3 must be a socket/);
  });
});
