import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { getSystemErrorName } from "node:util";
import { KernelError } from "./errors.ts";

/**
 * The calls that Node has no word for, by FFI (koffi). Nothing is loaded before the first call:
 * a client that only talks to a socket pays nothing.
 */

/** Why absolute paths: a bare package name would be searched along NODE_PATH and $HOME, and root runs this. */
const addonPaths = [
  // In the bundle: dist/bin/terrarium beside dist/native/.
  "../native/koffi.node",
  // In a checkout, where this file runs as it is written.
  `../../node_modules/@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`,
];

/** asm-generic/ioctl.h: _IO(0xb7, n), from include/uapi/linux/nsfs.h. */
const NS_GET_USERNS = 0xb701;
const NS_GET_PARENT = 0xb702;
const NS_GET_OWNER_UID = 0xb704;
/** _IOR(0xb7, 13, __u64), since Linux 6.18. */
const NS_GET_ID = 0x8008b70d;

/** _IO(0xb7, 3). */
const NS_GET_NSTYPE = 0xb703;

/** include/uapi/linux/fcntl.h, nsfs.h: since Linux 6.18 a namespace has a file handle, its id. */
const FD_NSFS_ROOT = -10003;
const FILEID_NSFS = 0xf1;
const nsfsHandleBytes = 16;

/** include/uapi/linux/sockios.h. */
const SIOCGSKNS = 0x894c;

/** asm-generic/socket.h; the same on x86_64 and aarch64. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERGROUPS = 59;
/** Since Linux 6.5. */
const SO_PEERPIDFD = 77;

/** sys/socket.h. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const O_CLOEXEC = 0o2000000;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x4000_0000;

/** asm-generic/fcntl.h. */
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Numbers are the same on every architecture since 5.x; glibc has wrappers only from 2.36. */
const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;
const SYS_listns = 470;

/** asm/unistd_64.h, asm-generic/unistd.h; include/uapi/linux/fs.h. */
const SYS_renameat2 = process.arch === "arm64" ? 276 : 316;
const RENAME_EXCHANGE = 2;
const AT_FDCWD = -100;

/** O_RDONLY | O_CLOEXEC: asm-generic/fcntl.h. */
const forReading = 0o2_000_000;
const SYS_openat2 = 437;

/** asm-generic/mman-common.h. */
const MADV_DONTNEED = 4;

/** include/uapi/linux/stat.h. */
const STATX_BASIC_STATS = 0x7ff;

/** sys/resource.h, on 64-bit machines. */
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

/** asm/unistd_64.h, asm-generic/unistd.h. */
const SYS_statx = process.arch === "arm64" ? 291 : 332;
const SYS_bpf = process.arch === "arm64" ? 280 : 321;

/** asm/unistd_64.h, asm-generic/unistd.h; include/uapi/linux/keyctl.h. */
const SYS_keyctl = process.arch === "arm64" ? 219 : 250;
const KEYCTL_JOIN_SESSION_KEYRING = 1;

/** Number and six arguments: syscall(2). */
const longestCall = 7;

interface Addon {
  load(path: null): Library;
  errno(): number;
  address(memory: Buffer): number | bigint;
}

type Call = (...args: readonly unknown[]) => number;

interface Library {
  func(name: string, result: string, parameters: readonly string[]): Call;
}

interface Libc extends DirectCalls {
  readonly bpf: Call;
  readonly flock: Call;
  readonly openat2: Call;
  readonly getsockopt: Call;
  readonly ioctl: Call;
  readonly listns: Call;
  readonly madvise: Call;
  readonly openByHandleAt: Call;
  readonly pidfdGetfd: Call;
  readonly pidfdOpen: Call;
  readonly pidfdSendSignal: Call;
  readonly prlimit: Call;
  readonly recvmsg: Call;
  readonly renameat2: Call;
  readonly socketpair: Call;
  readonly syscall: Call;
  readonly syscallOnBuffer: Call;
  errno(): number;
  address(memory: Buffer): number | bigint;
}

let loaded: Libc | undefined;

/** Credentials of the process that called connect() on the other end of a unix socket: unix(7), SO_PEERCRED. */
export function peerCredentials(fd: number): { pid: number; uid: number; gid: number } {
  const libc = load();
  const credentials = Buffer.alloc(12);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(credentials.length);
  check(libc, "getsockopt", libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length));
  return {
    pid: credentials.readInt32LE(0),
    uid: credentials.readUInt32LE(4),
    gid: credentials.readUInt32LE(8),
  };
}

/** A descriptor of the process that SO_PEERCRED names, and of no later one with its number. The caller closes it. */
export function peerPidfd(fd: number): number {
  const libc = load();
  const [pidfd, length] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32LE(pidfd.length);
  check(libc, "getsockopt", libc.getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, pidfd, length));
  return pidfd.readInt32LE();
}

/** Linux's NGROUPS_MAX. */
const mostGroups = 65_536;

/** The supplementary groups of the process that SO_PEERCRED names, when it called connect(). */
export function peerGroups(fd: number): readonly number[] {
  const libc = load();
  const [groups, length] = [Buffer.alloc(4 * mostGroups), Buffer.alloc(4)];
  length.writeUInt32LE(groups.length);
  check(libc, "getsockopt", libc.getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, length));
  return Array.from({ length: length.readUInt32LE() / 4 }, (_, i) => groups.readUInt32LE(4 * i));
}

/** Both ends of a unix socket, close-on-exec: socketpair(2). The caller closes them. */
export function socketPair(): readonly [number, number] {
  const libc = load();
  const ends = Buffer.alloc(8);
  check(libc, "socketpair", libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
  return [ends.readInt32LE(0), ends.readInt32LE(4)];
}

/**
 * For who makes a hundred thousand at a time, of which many fail: each answers what the kernel does, a negative
 * number is the errno's. Names end with a NUL.
 */
export interface DirectCalls {
  /** Close-on-exec. */
  openat(directory: number, name: Buffer, flags: number): number;
  read(fd: number, memory: Buffer): number;
  readlinkat(directory: number, name: Buffer, memory: Buffer): number;
  /** Fills a struct statx. */
  statx(directory: number, name: Buffer, memory: Buffer): number;
  close(fd: number): void;
}

export function directCalls(): DirectCalls {
  return load();
}

/** Opens a path as openat2(2) resolves it (RESOLVE_*), close-on-exec. */
export function openat2(directory: number, path: string, flags: number, resolve: number): Answer {
  const libc = load();
  const how = Buffer.alloc(24); // struct open_how: flags, mode, resolve
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  const name = Buffer.from(`${path}\0`);
  return answerOf(libc, libc.openat2(SYS_openat2, directory, name, how, how.length));
}

/**
 * The one descriptor that came with a byte, without waiting for it; undefined where none did: unix(7),
 * SCM_RIGHTS. The caller closes it.
 */
export function receiveDescriptor(socket: number): number | undefined {
  const libc = load();
  const [message, part, control, byte] = [56, 16, 24, 1].map((size) => Buffer.alloc(size)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  // struct iovec, then struct msghdr, of 64-bit machines.
  part.writeBigUInt64LE(addressOf(byte), 0);
  part.writeBigUInt64LE(1n, 8);
  message.writeBigUInt64LE(addressOf(part), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(addressOf(control), 32);
  message.writeBigUInt64LE(BigInt(control.length), 40);
  check(libc, "recvmsg", libc.recvmsg(socket, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
  // struct cmsghdr: length, level, type, then the descriptor.
  const [level, type] = [control.readInt32LE(8), control.readInt32LE(12)];
  const isThere = message.readBigUInt64LE(40) > 16n && level === SOL_SOCKET && type === SCM_RIGHTS;
  return isThere ? control.readInt32LE(16) : undefined;
}

/** A descriptor that means this process and no later one with the same number: pidfd_open(2). The caller closes it. */
export function pidfdOpen(pid: number): number {
  const libc = load();
  return check(libc, "pidfd_open", libc.pidfdOpen(SYS_pidfd_open, pid, 0), `/proc/${pid}`);
}

/** A descriptor of our own of another process's open file: pidfd_getfd(2). The caller closes it. */
export function pidfdGetfd(pidfd: number, descriptor: number): number {
  const libc = load();
  return check(libc, "pidfd_getfd", libc.pidfdGetfd(SYS_pidfd_getfd, pidfd, descriptor, 0));
}

/** A descriptor of the network namespace that a socket is in: SIOCGSKNS. The caller closes it. */
export function socketNamespace(socket: number): number {
  const libc = load();
  return check(libc, "ioctl SIOCGSKNS", libc.ioctl(socket, SIOCGSKNS, null));
}

/** Sends a signal by number to the process of a pidfd: pidfd_send_signal(2). */
export function pidfdSendSignal(pidfd: number, signal: number): void {
  const libc = load();
  const result = libc.pidfdSendSignal(SYS_pidfd_send_signal, pidfd, signal, null, 0);
  check(libc, "pidfd_send_signal", result);
}

/** Whether the process of a pidfd, or what is left of it until it is reaped, still has its number. */
export function pidfdIsAlive(pidfd: number): boolean {
  const libc = load();
  return (
    libc.pidfdSendSignal(SYS_pidfd_send_signal, pidfd, 0, null, 0) >= 0 ||
    errnoName(libc) !== "ESRCH"
  );
}

/** Sets a resource limit, SOFT:HARD in digits or "unlimited"; answers what it was: prlimit(2). */
export function prlimit(pid: number, resource: number, value: string): string {
  const libc = load();
  const [next, before] = [Buffer.alloc(16), Buffer.alloc(16)];
  for (const [index, word] of value.split(":").entries()) {
    next.writeBigUInt64LE(word === "unlimited" ? RLIM_INFINITY : BigInt(word), index * 8);
  }
  check(libc, "prlimit", libc.prlimit(pid, resource, next, before), `/proc/${pid}`);
  const words = [0, 8].map((offset) => before.readBigUInt64LE(offset));
  return words.map((word) => (word === RLIM_INFINITY ? "unlimited" : `${word}`)).join(":");
}

/** The uid that made a user namespace, in the caller's ids; `fd` is an open /proc/PID/ns/user: ioctl_nsfs(2). */
export function namespaceOwnerUid(fd: number): number {
  const libc = load();
  const uid = Buffer.alloc(4);
  check(libc, "ioctl NS_GET_OWNER_UID", libc.ioctl(fd, NS_GET_OWNER_UID, uid));
  return uid.readUInt32LE();
}

/** A descriptor of the user namespace that owns a namespace; EPERM when it lies outside the caller's. The caller closes it. */
export function namespaceUserns(fd: number): number {
  const libc = load();
  return check(libc, "ioctl NS_GET_USERNS", libc.ioctl(fd, NS_GET_USERNS, null));
}

/** A descriptor of the parent of a pid or user namespace; EPERM when it lies outside the caller's. The caller closes it. */
export function namespaceParent(fd: number): number {
  const libc = load();
  return check(libc, "ioctl NS_GET_PARENT", libc.ioctl(fd, NS_GET_PARENT, null));
}

/** flock(2), exclusive and without waiting; false when another descriptor holds it. Ends with the descriptor. */
export function tryLock(fd: number): boolean {
  const libc = load();
  const result = libc.flock(fd, LOCK_EX | LOCK_NB);
  if (result < 0 && errnoName(libc) === "EAGAIN") return false;
  check(libc, "flock", result);
  return true;
}

/** Gives two files or directories each other's name, at once: renameat2(2), RENAME_EXCHANGE. */
export function exchangeNames(one: string, other: string): void {
  const libc = load();
  const [first, second] = [one, other].map((path) => Buffer.from(`${path}\0`));
  check(
    libc,
    "renameat2",
    libc.renameat2(SYS_renameat2, AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE),
    other,
  );
}

/** The flag of clone(2) that makes a namespace of this one's type. */
export function namespaceFlag(fd: number): number {
  const libc = load();
  return check(libc, "ioctl NS_GET_NSTYPE", libc.ioctl(fd, NS_GET_NSTYPE, null));
}

/**
 * A descriptor of the namespace with that id; ESTALE when it is gone. Before Linux 6.19 the kernel wants to be told
 * its type, as a flag of clone(2), and its inode, too. The caller closes it.
 */
export function openNamespaceById(id: bigint, { flag, inode } = { flag: 0, inode: 0 }): number {
  const libc = load();
  const handle = Buffer.alloc(8 + nsfsHandleBytes);
  handle.writeUInt32LE(nsfsHandleBytes, 0);
  handle.writeInt32LE(FILEID_NSFS, 4);
  handle.writeBigUInt64LE(id, 8);
  handle.writeUInt32LE(flag, 16);
  handle.writeUInt32LE(inode, 20);
  return check(libc, "open_by_handle_at", libc.openByHandleAt(FD_NSFS_ROOT, handle, forReading));
}

/** listns(2), Linux 6.19: fills `ids` with ids of 64 bits, and answers how many. */
export function listns(request: Buffer, ids: Buffer): number {
  const libc = load();
  return check(libc, "listns", libc.listns(SYS_listns, request, ids, ids.length / 8, 0));
}

/** bpf(2) with its attributes in memory; answers a descriptor or 0. */
export function bpf(command: number, attributes: Buffer): number {
  const libc = load();
  return check(libc, "bpf", libc.bpf(SYS_bpf, command, attributes, attributes.length));
}

/** Where a buffer lies, for a call whose arguments point to it: it must live until the call has returned. */
export function addressOf(memory: Buffer): bigint {
  return BigInt(load().address(memory));
}

/**
 * Takes the pages of a private mapping of a file out of this process, until they are touched again: madvise(2),
 * MADV_DONTNEED. What was written to one of them would be lost.
 */
export function releasePages(from: bigint, to: bigint): void {
  const libc = load();
  check(libc, "madvise", libc.madvise(from, to - from, MADV_DONTNEED));
}

/** What a system call answered: its value, or the errno's name. */
export type Answer = number | string;

/**
 * Any system call with plain numbers, to learn whether the kernel knows it (ENOSYS: it does not). Give only
 * arguments that it must refuse: what they would do is not looked at here.
 */
export function probeCall(number: number, ...args: readonly number[]): Answer {
  const libc = load();
  const words = Array.from({ length: longestCall - 1 }, (_, index) => args[index] ?? 0);
  return answerOf(libc, libc.syscall(number, ...words));
}

/** The same for a call that reads its arguments from memory and takes the memory's size. */
export function probeCallOn(number: number, memory: Buffer): Answer {
  const libc = load();
  return answerOf(libc, libc.syscallOnBuffer(number, memory, memory.length));
}

/**
 * Takes an empty session keyring, for this thread and what it starts from then on: keyrings(7). Where the kernel has
 * none, or a filter refuses them (Docker's), nothing is there that would have to be left.
 */
export function leaveSessionKeyring(): void {
  const answer = probeCall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING);
  if (typeof answer === "number" || answer === "ENOSYS" || answer === "EPERM") return;
  throw new KernelError("keyctl KEYCTL_JOIN_SESSION_KEYRING", answer);
}

/** The 64-bit id of a namespace, never used twice; `fd` is an open /proc/PID/ns file. */
export function namespaceId(fd: number): bigint {
  const libc = load();
  const id = Buffer.alloc(8);
  check(libc, "ioctl NS_GET_ID", libc.ioctl(fd, NS_GET_ID, id));
  return id.readBigUInt64LE();
}

function answerOf(libc: Libc, result: number): Answer {
  return result >= 0 ? result : errnoName(libc);
}

function check(libc: Libc, call: string, result: number, path?: string): number {
  if (result >= 0) return result;
  throw new KernelError(call, errnoName(libc), path);
}

function errnoName(libc: Libc): string {
  return getSystemErrorName(-libc.errno());
}

function load(): Libc {
  loaded ??= bind(loadAddon());
  return loaded;
}

function loadAddon(): Addon {
  const paths = addonPaths.map((path) => join(import.meta.dirname, path));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new KernelError("dlopen", "ENOENT", paths[0]);
  return createRequire(path)(path);
}

function bind(addon: Addon): Libc {
  const library = addon.load(null);
  const openat = library.func("openat", "int", ["int", "void *", "int"]);
  const read = library.func("read", "long", ["int", "void *", "ulong"]);
  const readlinkat = library.func("readlinkat", "long", ["int", "void *", "void *", "ulong"]);
  const statx = library.func("syscall", "long", ["long", "int", "void *", "int", "uint", "void *"]);
  const close = library.func("close", "int", ["int"]);
  const orErrno = (result: number) => (result < 0 ? -addon.errno() : result);
  return {
    openat: (directory, name, flags) => orErrno(openat(directory, name, flags | O_CLOEXEC)),
    read: (fd, memory) => orErrno(read(fd, memory, memory.length)),
    readlinkat: (at, name, memory) => orErrno(readlinkat(at, name, memory, memory.length)),
    statx: (at, name, memory) => orErrno(statx(SYS_statx, at, name, 0, STATX_BASIC_STATS, memory)),
    close,
    getsockopt: library.func("getsockopt", "int", ["int", "int", "int", "void *", "void *"]),
    bpf: library.func("syscall", "long", ["long", "int", "void *", "uint"]),
    openat2: library.func("syscall", "long", ["long", "int", "void *", "void *", "ulong"]),
    flock: library.func("flock", "int", ["int", "int"]),
    ioctl: library.func("ioctl", "int", ["int", "ulong", "void *"]),
    listns: library.func("syscall", "long", ["long", "void *", "void *", "ulong", "uint"]),
    madvise: library.func("madvise", "int", ["uintptr_t", "size_t", "int"]),
    openByHandleAt: library.func("open_by_handle_at", "int", ["int", "void *", "int"]),
    pidfdGetfd: library.func("syscall", "long", ["long", "int", "int", "uint"]),
    pidfdOpen: library.func("syscall", "long", ["long", "int", "uint"]),
    pidfdSendSignal: library.func("syscall", "long", ["long", "int", "int", "void *", "uint"]),
    prlimit: library.func("prlimit", "int", ["int", "int", "void *", "void *"]),
    recvmsg: library.func("recvmsg", "long", ["int", "void *", "int"]),
    renameat2: library.func("syscall", "long", ["long", "int", "void *", "int", "void *", "uint"]),
    socketpair: library.func("socketpair", "int", ["int", "int", "int", "void *"]),
    syscall: library.func("syscall", "long", Array(longestCall).fill("long")),
    syscallOnBuffer: library.func("syscall", "long", ["long", "void *", "long"]),
    errno: () => addon.errno(),
    address: (memory) => addon.address(memory),
  };
}
