import { closeSync, openSync } from "node:fs";
import { addressOf, bpf } from "./libc.ts";

/** bpf(2), as far as programs of cgroups and iterators need it: include/uapi/linux/bpf.h. */

const BPF_PROG_LOAD = 5;
const BPF_PROG_ATTACH = 8;
const BPF_ITER_CREATE = 33;
const BPF_PROG_TYPE_CGROUP_DEVICE = 15;
const BPF_CGROUP_DEVICE = 6;
/** Beside others, of which each must allow: systemd's, say. */
const BPF_F_ALLOW_MULTI = 2;

const attributeBytes = 64;
const license = Buffer.from("GPL\0");

/**
 * From now on the program judges each device that a process of the cgroup opens or makes. The kernel frees it with
 * the cgroup. Throws KernelError.
 */
export function attachDeviceProgram(directory: string, program: number): void {
  const cgroup = openSync(directory, "r");
  try {
    attach(cgroup, program);
  } finally {
    closeSync(cgroup);
  }
}

/** Answers its descriptor. Throws KernelError. */
export function loadDeviceProgram(program: Buffer): number {
  const attributes = Buffer.alloc(attributeBytes);
  attributes.writeUInt32LE(BPF_PROG_TYPE_CGROUP_DEVICE, 0);
  attributes.writeUInt32LE(program.length / 8, 4);
  attributes.writeBigUInt64LE(addressOf(program), 8);
  attributes.writeBigUInt64LE(addressOf(license), 16);
  return bpf(BPF_PROG_LOAD, attributes);
}

/** A descriptor that reads from the beginning what the iterator of a link tells. The caller closes it. Throws KernelError. */
export function openIterator(link: number): number {
  const attributes = Buffer.alloc(8);
  attributes.writeUInt32LE(link, 0);
  return bpf(BPF_ITER_CREATE, attributes);
}

function attach(cgroup: number, program: number): void {
  const attributes = Buffer.alloc(attributeBytes);
  attributes.writeUInt32LE(cgroup, 0);
  attributes.writeUInt32LE(program, 4);
  attributes.writeUInt32LE(BPF_CGROUP_DEVICE, 8);
  attributes.writeUInt32LE(BPF_F_ALLOW_MULTI, 12);
  bpf(BPF_PROG_ATTACH, attributes);
}
