import { spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { makeTemporaryFolder } from "./cache.ts";
import { type ArchiveEntry, fileMode, linkMode, makeArchive } from "./cpio.ts";
import {
  type Architecture,
  architectures,
  installKernel,
  type MachineKernel,
} from "./machine-kernel.ts";

/**
 * A throw-away machine: a Debian kernel under qemu, and a root file system in memory that holds
 * busybox, the given files and one script. For other architectures, for cgroup v2 without v1, and
 * for what would harm this machine.
 */
export interface Machine {
  readonly architecture: Architecture;
  /** Run by busybox's sh as root, with everything mounted that a system has; /bin has all applets. */
  readonly script: string;
  /** Path there -> file or folder here. */
  readonly files?: Readonly<Record<string, string>>;
  /** Kernel modules to load, by name. */
  readonly modules?: readonly string[];
  readonly memoryMiB?: number;
  readonly timeoutMs?: number;
}

export interface MachineRun {
  /** What the script wrote on both descriptors. */
  readonly output: string;
  readonly exitCode: number;
}

/** An emulated machine shares its two cores with whatever else runs: this is for one that hangs. */
const defaultTimeoutMs = 240_000;

/**
 * Boots the machine, runs the script and switches the machine off.
 *
 * @throws {Error} with the last lines of its console where the script did not come to an end
 */
export async function bootMachine(machine: Machine): Promise<MachineRun> {
  const kernel = await installKernel(machine.architecture);
  const folder = await makeTemporaryFolder("boot");
  try {
    const initramfs = join(folder, "initramfs");
    await writeAll(initramfs, makeArchive(contents(machine, kernel)));
    return readConsole(await emulate(machine, kernel, initramfs));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeAll(path: string, parts: readonly Buffer[]): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writev(parts.filter(({ length }) => length > 0));
  } finally {
    await file.close();
  }
}

function contents({ files = {}, script, modules = [] }: Machine, kernel: MachineKernel) {
  return [
    readEntry("/bin/busybox", kernel.busybox),
    { path: "/bin/sh", mode: linkMode, content: Buffer.from("busybox") },
    { path: "/init", mode: fileMode | 0o755, content: Buffer.from(init(modules)) },
    { path: "/script", mode: fileMode | 0o755, content: Buffer.from(script) },
    ...(modules.length > 0 ? readTree(`/lib/modules/${kernel.version}`, kernel.modules) : []),
    ...Object.entries(files).flatMap(([there, here]) => readTree(there, here)),
  ];
}

function readTree(there: string, here: string): ArchiveEntry[] {
  if (!statSync(here).isDirectory()) return [readEntry(there, here)];
  return readdirSync(here).flatMap((name) => readTree(join(there, name), join(here, name)));
}

function readEntry(path: string, here: string): ArchiveEntry {
  return { path, mode: statSync(here).mode, content: readFileSync(here) };
}

const startMark = "--- the script starts ---";
const endMark = "--- the script ended ---";

/**
 * pivot_root(2) answers EINVAL on the initramfs itself; a bind mount of it that is moved over / is a
 * mount like any other, and costs no second copy in memory.
 */
function init(modules: readonly string[]): string {
  return `#!/bin/sh
if [ -z "$MACHINE" ]; then
  export MACHINE=1 PATH=/bin
  /bin/busybox --install -s /bin
  mkdir -p /system
  mount --bind / /system && cd /system && mount --move . / && exec chroot . /init
  exec poweroff -f
fi
cd /
mkdir -p /proc /sys /dev /tmp /run /root /etc /usr/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o ptmxmode=0666 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t tmpfs -o mode=0755 run /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo root:x:0:0:root:/root:/bin/sh > /etc/passwd
echo root:x:0: > /etc/group
ip link set lo up
${modules.map((name) => `modprobe ${name}`).join("\n")}
echo "${startMark}"
sh /script 2>&1 </dev/null
echo "${endMark} $?"
sync
exec poweroff -f
`;
}

/** Everything that the machine wrote on its serial line until it was off. */
async function emulate(
  machine: Machine,
  { image }: MachineKernel,
  initramfs: string,
): Promise<string> {
  const { architecture, memoryMiB = 512, timeoutMs = defaultTimeoutMs } = machine;
  const { emulator, console } = architectures[architecture];
  const [program = "", ...board] = emulator;
  const devices = ["-display", "none", "-monitor", "none", "-nic", "none", "-serial", "stdio"];
  const resources = ["-accel", "tcg,thread=multi", "-smp", "2", "-m", `${memoryMiB}M`];
  // panic=-1: a machine that cannot go on reboots at once, which -no-reboot makes an end.
  const kernelOptions = `console=${console} quiet loglevel=1 panic=-1 mitigations=off`;
  const boot = ["-no-reboot", "-kernel", image, "-initrd", initramfs, "-append", kernelOptions];
  const child = spawn(program, [...board, ...resources, ...devices, ...boot], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
    killSignal: "SIGKILL",
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const reason = await ending(child);
  const [serial, complaints] = await output;
  if (reason !== undefined) {
    throw new Error(`${program}: ${reason}\n${complaints}${tail(serial)}`);
  }
  return serial.replaceAll("\r", "");
}

/** Undefined for a machine that switched itself off. */
function ending(child: ReturnType<typeof spawn>): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once("error", ({ message }) => resolve(message));
    child.once("exit", (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal ? "it did not end in time" : `exit code ${code}`);
    });
  });
}

function readConsole(serial: string): MachineRun {
  const start = serial.indexOf(startMark);
  const end = serial.lastIndexOf(endMark);
  if (start < 0 || end < 0) {
    throw new Error(`the machine's script did not come to its end; its console:\n${tail(serial)}`);
  }
  return {
    output: serial.slice(start + startMark.length + 1, end),
    exitCode: Number.parseInt(serial.slice(end + endMark.length), 10),
  };
}

function tail(serial: string): string {
  return serial.trimEnd().split("\n").slice(-80).join("\n");
}
