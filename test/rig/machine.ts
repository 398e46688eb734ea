import { fileMode, linkMode, readEntry, readTree } from "./cpio.ts";
import { type Board, emulate, endMark, type MachineRun, startMark } from "./emulator.ts";
import { installKernel, type MachineKernel, type Release } from "./machine-kernel.ts";

/**
 * A throw-away machine: a Debian kernel under qemu, and a root file system in memory that holds
 * busybox, the given files and one script. For other architectures, for cgroup v2 without v1, and
 * for what would harm this machine.
 */
export interface Machine
  extends Pick<Board, "architecture" | "disks" | "memoryMiB" | "twoNodes" | "timeoutMs"> {
  /** Whose kernel it has. */
  readonly release?: Release;
  /** Run by busybox's sh as root, with everything mounted that a system has; /bin has all applets. */
  readonly script: string;
  /** Path there -> file or folder here. */
  readonly files?: Readonly<Record<string, string>>;
  /** Kernel modules to load, by name. */
  readonly modules?: readonly string[];
}

/**
 * Boots the machine, runs the script and switches the machine off.
 *
 * @throws {Error} with the last lines of its console where the script did not come to an end
 */
export async function bootMachine(machine: Machine): Promise<MachineRun> {
  const kernel = await installKernel(machine.architecture, machine.release);
  return emulate({ ...machine, kernel, initramfs: contents(machine, kernel) });
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
