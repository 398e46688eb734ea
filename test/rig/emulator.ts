import { spawn } from "node:child_process";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { makeTemporaryFolder } from "./cache.ts";
import { type ArchiveEntry, makeArchive } from "./cpio.ts";
import { type Architecture, architectures, type MachineKernel } from "./machine-kernel.ts";

/** qemu with a kernel, a first root file system and the lines that lead out: what all machines of the rig are. */
export interface Board {
  readonly architecture: Architecture;
  readonly kernel: MachineKernel;
  readonly initramfs: readonly ArchiveEntry[];
  /** That nothing writes to: /dev/nvme0n1, /dev/nvme1n1 … (Debian's cloud kernel has no module for them). */
  readonly disks?: readonly Disk[];
  /** A file here that gets what is written to /dev/vport0p1 there; the serial line is slow. */
  readonly resultFile?: string;
  readonly memoryMiB?: number;
  /** Each processor has its own half of the memory (NUMA). */
  readonly twoNodes?: boolean;
  /**
   * Its processors in turn instead of side by side: several V8s that compile at the same time otherwise end by a
   * signal now and then (QEMU 7.2, "multi-threaded TCG").
   */
  readonly inTurn?: boolean;
  readonly timeoutMs?: number;
}

export interface Disk {
  /** Path of its image here. */
  readonly image: string;
  /** What it gives at most, for who has to wait for a disk. */
  readonly bytesPerSecond?: number;
}

export interface MachineRun {
  /** What the script wrote on both descriptors. */
  readonly output: string;
  readonly exitCode: number;
}

/** What a machine writes on its serial line around its script's output; the exit code follows the second. */
export const startMark = "--- the script starts ---";
export const endMark = "--- the script ended ---";

/** An emulated machine shares its two cores with whatever else runs: this is for one that hangs. */
const defaultTimeoutMs = 240_000;

/**
 * Runs the machine until it is switched off.
 *
 * @throws {Error} with the last lines of its console where the script did not come to an end
 */
export async function emulate(board: Board): Promise<MachineRun> {
  const folder = await makeTemporaryFolder("boot");
  try {
    const initramfs = join(folder, "initramfs");
    await writeAll(initramfs, makeArchive(board.initramfs));
    const serial = await run(board, initramfs);
    // A kernel that patches itself as it boots dies of that now and then (QEMU 7.2, "multi-threaded TCG").
    return readConsole(serial.includes(startMark) ? serial : await run(board, initramfs));
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

/** Everything that the machine wrote on its serial line until it was off. */
async function run(board: Board, initramfs: string): Promise<string> {
  const { architecture, kernel, timeoutMs = defaultTimeoutMs } = board;
  const { emulator, console } = architectures[architecture];
  const [program = "", ...model] = emulator;
  // panic=-1: a machine that cannot go on reboots at once, which -no-reboot makes an end.
  const options = `console=${console} quiet loglevel=1 panic=-1 mitigations=off`;
  const boot = ["-no-reboot", "-kernel", kernel.image, "-initrd", initramfs, "-append", options];
  const child = spawn(program, [...model, ...devices(board), ...boot], {
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

function devices(board: Board): string[] {
  const { memoryMiB = 512, twoNodes = false, inTurn = false, disks = [], resultFile } = board;
  const accelerator = `tcg,thread=${inTurn ? "single" : "multi"}`;
  return [
    ...["-display", "none", "-monitor", "none", "-nic", "none", "-serial", "stdio"],
    ...["-accel", accelerator, "-smp", "2", "-m", `${memoryMiB}M`],
    ...(twoNodes ? [0, 1].flatMap((node) => nodeOptions(node, memoryMiB / 2)) : []),
    ...disks.flatMap(diskOptions),
    ...(resultFile === undefined
      ? []
      : [
          ...["-device", "virtio-serial", "-chardev", `file,id=results,path=${resultFile}`],
          ...["-device", "virtserialport,chardev=results"],
        ]),
  ];
}

function nodeOptions(node: number, memoryMiB: number): string[] {
  return [
    ...["-object", `memory-backend-ram,id=memory${node},size=${memoryMiB}M`],
    ...["-numa", `node,nodeid=${node},cpus=${node},memdev=memory${node}`],
  ];
}

function diskOptions({ image, bytesPerSecond }: Disk, place: number): string[] {
  const pace = bytesPerSecond === undefined ? "" : `,throttling.bps-total=${bytesPerSecond}`;
  return [
    ...["-drive", `file=${image},format=raw,if=none,id=disk${place},readonly=on${pace}`],
    ...["-device", `nvme,drive=disk${place},serial=disk${place}`],
  ];
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
