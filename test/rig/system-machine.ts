import { fileMode, linkMode, readEntry, readTree } from "./cpio.ts";
import { emulate, endMark, type MachineRun, startMark } from "./emulator.ts";
import { type Architecture, installKernel, type MachineKernel } from "./machine-kernel.ts";
import { installSystemTree } from "./system-tree.ts";

/**
 * A throw-away Debian in which systemd is PID 1: the one writer of the cgroup tree, which delegates parts of
 * it to services and users. Its root file system is in memory.
 */
export interface SystemMachine {
  /** Run by sh as root, as a service, when the machine is up. */
  readonly script: string;
  /** Kernel modules to load, by name: there is no index by which Debian's modprobe(8) would find them later. */
  readonly modules?: readonly string[];
  /** Path there -> file or folder here. */
  readonly files: Readonly<Record<string, string>>;
  /** A file here that gets what the script writes to /dev/vport0p1. */
  readonly resultFile?: string;
  readonly timeoutMs?: number;
}

const architecture: Architecture = process.arch === "arm64" ? "aarch64" : "x86_64";

/** For the root file system too, while it is unpacked twice. */
const memoryMiB = 2048;

/**
 * Boots the machine, runs the script and switches the machine off.
 *
 * @throws {Error} with the last lines of its console where the script did not come to an end
 */
export async function bootSystem(machine: SystemMachine): Promise<MachineRun> {
  const [kernel, tree] = await installSystem();
  const initramfs = contents(machine, kernel);
  const board = {
    architecture,
    kernel,
    initramfs,
    disks: [{ image: tree }],
    memoryMiB,
    inTurn: true,
  };
  return emulate({ ...machine, ...board });
}

/** Makes what all these machines are of, once; for who starts several at the same time. */
export function installSystem(): Promise<readonly [MachineKernel, string]> {
  return Promise.all([installKernel(architecture), installSystemTree(architecture)]);
}

/** Everything is where it belongs below /system, from where it is laid over Debian. */
function contents({ files, script, modules = [] }: SystemMachine, kernel: MachineKernel) {
  const texts = { init: init(modules), "system/script": script, ...units };
  return [
    readEntry("/bin/busybox", kernel.busybox),
    { path: "/bin/sh", mode: linkMode, content: Buffer.from("busybox") },
    ...Object.entries(texts).map(([path, text]) => ({
      path: `/${path}`,
      mode: fileMode | 0o755,
      content: Buffer.from(text),
    })),
    ...readTree(`/system/usr/lib/modules/${kernel.version}`, kernel.modules),
    ...Object.entries(files).flatMap(([there, here]) => readTree(`/system${there}`, here)),
  ];
}

/** Onto a tmpfs of its own: unlike the first root file system it can be id-mapped, and pivot_root(2) takes it. */
const init = (modules: readonly string[]): string => `#!/bin/sh
export PATH=/bin
/bin/busybox --install -s /bin
mkdir -p /dev /proc /root
mount -t devtmpfs dev /dev && mount -t proc proc /proc
mount -t tmpfs -o mode=755,size=75% root /root
tar -xf /dev/nvme0n1 -C /root
cp -a /system/. /root && rm -r /system
mkdir -p /root/proc /root/sys /root/dev && ln -s root/usr/lib /lib
${modules.map((name) => `modprobe ${name}`).join("\n")}
umount /proc /dev
cd /root && mount --move . / && exec chroot . /lib/systemd/systemd --unit=machine.target --show-status=no
exec poweroff -f
`;

/** A service of type oneshot would keep systemd "starting" for as long as the script runs. */
const units = {
  "system/etc/systemd/system/machine.target": `[Unit]
Wants=multi-user.target script.service
After=multi-user.target
AllowIsolate=yes
`,
  "system/etc/systemd/system/script.service": `[Unit]
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=exec
ExecStart=/bin/sh -c 'echo "${startMark}"; sh /script 2>&1 </dev/null; echo "${endMark} $$?"'
StandardOutput=file:/dev/console
`,
};
