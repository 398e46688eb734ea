import type { DeviceNode } from "../../kernel/devices.ts";
import { hostPathOf, isBelow } from "../../kernel/hostPaths.ts";
import type { MountInfo } from "../../kernel/mountinfo.ts";
import {
  type Check,
  type IsolationFacts,
  listed,
  sharesWithHost,
  type Verdict,
  whenKnown,
} from "./facts.ts";

/** Interfaces of the kernel, not stored files. */
const kernelFileSystems: ReadonlySet<string> = new Set(
  "proc sysfs cgroup cgroup2 mqueue devpts devtmpfs debugfs tracefs securityfs bpf configfs pstore efivarfs nsfs fusectl binfmt_misc hugetlbfs".split(
    " ",
  ),
);

/** Who writes there changes what root of the host runs or reads. */
const systemDirectories = "/bin /boot /etc /lib /lib64 /run /sbin /sys /usr".split(" ");
/** A mount that holds one of these whole. */
const wholeDirectories = [...systemDirectories, "/dev", "/home", "/root", "/var"];

export const fileChecks: readonly Check[] = [
  {
    name: "host files",
    source: "mountinfo",
    judge: (facts) => whenKnown(facts.mounts, (mounts) => judgeWritable(facts, mounts)),
  },
  {
    name: "kernel files",
    source: "mountinfo",
    judge: (facts) => whenKnown(facts.mounts, (mounts) => judgeKernelFiles(facts, mounts)),
  },
  {
    name: "host devices",
    source: "mountinfo",
    judge: (facts) => ({
      ...whenKnown(facts.devices, judgeDevices),
      source: sharesWithHost(facts, "user") === false ? "mountinfo" : "root/dev",
    }),
  },
];

/** Devices that every process may have: drivers/char/mem.c, and terminals. */
const harmless = /^(null|zero|full|random|urandom|tty|tty\d+|ptmx|console|pts\d*|13[6-9]:\d+)$/;
const rawMemory: ReadonlySet<string> = new Set(["mem", "kmem", "port", "kmsg"]);

function judgeDevices(nodes: readonly DeviceNode[]): Verdict {
  const real = nodes.filter(({ name, block }) => block || !harmless.test(name));
  if (real.length === 0) return { level: "closed", fact: "none but null, zero, random, tty" };
  const raw = real.some(({ name, block }) => block || rawMemory.has(name));
  return {
    level: raw ? "open" : "partly",
    fact: listed(real.map(({ path }) => path)),
    matters: raw
      ? "Disks or memory of the machine are among them; their owner and mode decide."
      : "Each leads to a driver of the kernel; their owner and mode decide.",
    remedy: "a /dev of its own, as terrarium run has it",
  };
}

function judgeWritable(facts: IsolationFacts, mounts: readonly MountInfo[]): Verdict {
  if (sharesWithHost(facts, "mnt")) {
    return {
      level: "open",
      fact: "the host's own tree",
      matters: "Nothing but owner and mode of each file stands in the way.",
      remedy: "--namespace mnt=new",
    };
  }
  const paths = mounts.flatMap((mount) => writableHostPath(mount, facts.hostMounts) ?? []);
  if (paths.length === 0) {
    return { level: "closed", fact: "none can be written" };
  }
  const risky = paths.some(isSystem);
  return {
    level: risky ? "open" : "partly",
    fact: `writable: ${listed([...new Set(paths)])}`,
    matters: risky
      ? "What is written there, programs of the host run or believe."
      : `${facts.sandbox === undefined ? "" : "By your choice. "}What it leaves there is there for whatever runs outside.`,
    remedy: "mount it read-only: -v PATH:PATH:ro",
  };
}

/** Undefined for a mount that is read-only, made inside, or no stored files. */
function writableHostPath(mount: MountInfo, hostMounts: readonly MountInfo[]): string | undefined {
  if (!isWritable(mount) || kernelFileSystems.has(mount.fileSystem)) return undefined;
  const path = hostPathOf(mount, hostMounts);
  // A container engine mounts a container's own layers on the host first.
  const isOwnLayer = mount.fileSystem === "overlay" && mount.mountPoint === "/" && path !== "/";
  return isOwnLayer ? undefined : path;
}

function isSystem(path: string): boolean {
  return (
    wholeDirectories.some((directory) => isBelow(directory, path)) ||
    systemDirectories.some((directory) => isBelow(path, directory))
  );
}

/** Both must be: a read-only bind, or a file system that is read-only itself, takes no writes. */
function isWritable({ options, superOptions }: MountInfo): boolean {
  return options.split(",").includes("rw") && !superOptions.includes("ro");
}

/** Settings of the whole machine: the kernel lets its first root write them, whoever mounted them. */
const machineWide: ReadonlySet<string> = new Set(
  "sysfs cgroup cgroup2 debugfs tracefs securityfs bpf configfs efivarfs".split(" "),
);

function judgeKernelFiles(facts: IsolationFacts, mounts: readonly MountInfo[]): Verdict {
  const open = mounts.filter(isWritable).filter(({ fileSystem, mountPoint }) => {
    if (fileSystem !== "proc") return machineWide.has(fileSystem);
    return mountPoint === "/proc" && !isCovered("/proc/sys", mounts);
  });
  const places = listed([...new Set(open.map(({ mountPoint }) => mountPoint))]);
  if (open.length === 0) return { level: "closed", fact: "read-only, or not there" };
  const root = facts.status.known && facts.status.value.uid.effective === 0;
  const matters = root
    ? "As the host's root it changes settings of the whole machine there."
    : "They take settings from the host's root only, which it is not.";
  return {
    level: root ? "open" : "closed",
    fact: `writable mounts: ${places}`,
    matters,
    remedy: root ? "mount them read-only" : undefined,
  };
}

function isCovered(path: string, mounts: readonly MountInfo[]): boolean {
  return mounts.some((mount) => mount.mountPoint === path && !isWritable(mount));
}
