import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { prepareTasks, readTasks } from "../inventory/tasks.ts";
import { followKernel } from "../inventory/watch/kernelChanges.ts";
import { loadDeviceProgram } from "../kernel/bpf.ts";
import { readCgroupMounts } from "../kernel/cgroupfs.ts";
import { errnoOf, KernelError } from "../kernel/errors.ts";
import { askLandlockVersion, hasLandlockScopes } from "../kernel/landlock.ts";
import { namespaceId, probeCall, probeCallOn } from "../kernel/libc.ts";
import { readSubordinateIds } from "../kernel/subordinate.ts";
import { deviceProgram } from "../limits/deviceProgram.ts";
import { findTool, type Tool } from "../network/tools.ts";
import { namespaceTypes } from "../protocol/namespaces.ts";
import { systemdRoot } from "../systemd/booted.ts";
import { askVersion } from "../systemd/manager.ts";

/** What a probe found: whether it is there, and what was asked and answered. */
export interface Finding {
  readonly available: boolean;
  readonly answer: string;
}

export type Probe = () => Finding;

/** Numbers are the same on every architecture from 424 on. */
const numbers = {
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsmount: 432,
  pidfd_open: 434,
  clone3: 435,
  close_range: 436,
  openat2: 437,
  mount_setattr: 442,
  statmount: 457,
  open_tree_attr: 467,
  listns: 470,
} as const;

type CallName = keyof typeof numbers;

const noFlag = 0xffff_ffff;

/** Arguments that every kernel refuses: bad flags, bad sizes, no path. */
const refused: { readonly [name in CallName]?: readonly number[] } = {
  open_tree: [-1, 0, noFlag],
  close_range: [1, 0, noFlag],
  move_mount: [-1, 0, -1, 0, noFlag],
  fsopen: [0, noFlag],
  fsmount: [-1, noFlag, noFlag],
  mount_setattr: [-1, 0, noFlag],
  open_tree_attr: [-1, 0, noFlag],
  statmount: [0, 0, 0, noFlag],
  listns: [0, 0, 0, noFlag],
};

/** The kernel knows a call that it refuses with anything but ENOSYS. */
export function knowsCalls(...names: readonly CallName[]): Probe {
  return () => {
    const answers = names.map((name) => [name, probeCall(numbers[name], ...(refused[name] ?? []))]);
    return {
      available: answers.every(([, answer]) => answer !== "ENOSYS"),
      answer: answers.map(([name, answer]) => `${name}: ${answer}`).join(", "),
    };
  };
}

/** linux/sched.h: struct clone_args is 88 bytes since it has a cgroup; the descriptor stands last. */
const cloneArgsSize = 88;
const CLONE_INTO_CGROUP = 0x2_0000_0000n;

/** A descriptor that nobody has: a kernel with the flag says EBADF, one without does not know the field. */
export const clonesIntoCgroup: Probe = () => {
  const memory = Buffer.alloc(cloneArgsSize);
  memory.writeBigUInt64LE(CLONE_INTO_CGROUP, 0);
  memory.writeBigUInt64LE(0x7fff_ffffn, cloneArgsSize - 8);
  const answer = probeCallOn(numbers.clone3, memory);
  return { available: answer === "EBADF", answer: `clone3 with a bad descriptor: ${answer}` };
};

export const landlock: Probe = () => {
  const answer = askLandlockVersion();
  const available = typeof answer === "number";
  return { available, answer: available ? `interface version ${answer}` : answer };
};

/** Version 6 brought scopes (Linux 6.12). */
export const landlockScopes: Probe = () => ({
  available: hasLandlockScopes(),
  answer: landlock().answer,
});

export const hasAllNamespaces: Probe = () => {
  const missing = namespaceTypes.filter((type) => !existsSync(`/proc/self/ns/${type}`));
  const available = missing.length === 0;
  return { available, answer: available ? "/proc/self/ns has all" : `no ${missing.join(", ")}` };
};

/** For this user; root takes ranges that are free instead. */
export const subordinateIds: Probe = () => {
  const ids = readSubordinateIds(process.getuid?.() ?? 0);
  if ("missing" in ids) return { available: false, answer: `there is no ${ids.missing}` };
  const count = ids.uids.reduce((sum, range) => sum + range.count, 0);
  return { available: true, answer: `${count} ids in /etc/subuid` };
};

export const namespaceIds: Probe = () => {
  const file = openSync("/proc/self/ns/net", "r");
  try {
    return { available: true, answer: `ioctl NS_GET_ID: ${namespaceId(file)}` };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { available: false, answer: `${error.call}: ${error.errno}` };
  } finally {
    closeSync(file);
  }
};

export function hasFile(path: string): Probe {
  return () => {
    const available = existsSync(path);
    return { available, answer: `${path} is ${available ? "there" : "not there"}` };
  };
}

/** What judges devices where version 1's controller does not: a program of BPF for a cgroup. */
export const devicePrograms: Probe = () => {
  try {
    closeSync(loadDeviceProgram(deviceProgram([])));
    return { available: true, answer: "bpf: the kernel loads a program of a cgroup's devices" };
  } catch (error) {
    return { available: false, answer: `bpf: ${errnoOf(error)}` };
  }
};

/** A helper that has it already is asked no second time. */
export async function taskIterator(): Promise<Finding> {
  const prepared = await prepareTasks();
  if (prepared.source === "proc") return { available: false, answer: prepared.why };
  const { source, tasks } = readTasks();
  return { available: source === "bpf", answer: `one reading: ${tasks.length} processes` };
}

const longestAnswerMs = 2_000;

/** A moment's listening, by the program that listens for a helper which is watched. */
export function processEvents(): Promise<Finding> {
  return new Promise((resolve) => {
    const tell = (finding: Finding) => {
      clearTimeout(timer);
      following.dispose();
      resolve(finding);
    };
    const following = followKernel({
      onProcesses: () => undefined,
      onMounts: () => undefined,
      onAnyProcess: () =>
        tell({ available: true, answer: "netlink: the kernel tells of processes" }),
      onSilence: (why) => tell({ available: false, answer: `netlink: ${why}` }),
    });
    // What is followed keeps no process, and this one has to wait for the answer.
    const timer = setTimeout(
      () => tell({ available: false, answer: "netlink: no answer" }),
      longestAnswerMs,
    );
  });
}

/** Programs of the host, as the helper would find them. */
export function hasTools(...tools: readonly Tool[]): Probe {
  return () => {
    const missing = tools.filter((tool) => findTool(tool) === undefined);
    const available = missing.length === 0;
    return {
      available,
      answer: available ? `${tools.join(", ")}: there` : `no ${missing.join(", ")}`,
    };
  };
}

/** A word in a file that lists what the kernel can. */
export function listsWord(path: string, word: string): Probe {
  return () => {
    try {
      const text = readFileSync(path, "utf8").trim();
      return { available: text.split(/\s+/).includes(word), answer: `${path}: ${text}` };
    } catch (error) {
      return { available: false, answer: `${path}: ${errnoOf(error)}` };
    }
  };
}

/** The hierarchies of one version. */
export function hasHierarchy(version: 1 | 2): Probe {
  return () => {
    const found = readCgroupMounts().hierarchies.filter((one) => one.version === version);
    const names = found.map(({ id }) => id).join(" ");
    return { available: found.length > 0, answer: names || "mounted nowhere" };
  };
}

/** Whether it owns the cgroup tree, and can be asked for a part of it. */
export const systemdAnswers: Probe = () => {
  if (systemdRoot() === undefined) return { available: false, answer: "PID 1 is no systemd" };
  const asked = askVersion();
  return "why" in asked
    ? { available: false, answer: `busctl: ${asked.why}` }
    : { available: true, answer: `version ${asked.version}` };
};

/** Where a controller is: it can be in one hierarchy only. */
export function hasController(controller: string): Probe {
  return () => {
    const found = readCgroupMounts().hierarchies.find(({ controllers }) =>
      controllers.includes(controller),
    );
    return {
      available: found !== undefined,
      answer: found ? `v${found.version}, ${found.mountPoint}` : "in no hierarchy that is mounted",
    };
  };
}
