import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { evaluate, type Program, readPrograms } from "./seccomp-program.ts";

/** SECCOMP_RET_ALLOW and SECCOMP_RET_ERRNO with its error (linux/seccomp.h). */
const allow = 0x7fff0000;
const refusal = (error: number): number => 0x00050000 | error;
const [EPERM, ENOSYS, EAFNOSUPPORT] = [refusal(1), refusal(38), refusal(97)];

/** AUDIT_ARCH_… and system call numbers (asm/unistd.h), read by hand and not by libseccomp. */
const architectures = {
  x86_64: {
    own: 0xc000003e,
    foreign: { i386: 0x40000003, aarch64: 0xc00000b7 },
    calls: {
      ...{
        read: 0,
        openat: 257,
        execve: 59,
        fchmod: 91,
        fchmodat: 268,
        socket: 41,
        socketpair: 53,
        ioctl: 16,
      },
      ...{ clone: 56, unshare: 272, mount: 165, bpf: 321, setns: 308, keyctl: 250, getppid: 110 },
      prlimit64: 302,
    },
  },
  aarch64: {
    own: 0xc00000b7,
    foreign: { arm: 0x40000028, x86_64: 0xc000003e },
    calls: {
      ...{
        read: 63,
        openat: 56,
        execve: 221,
        fchmod: 52,
        fchmodat: 53,
        socket: 198,
        socketpair: 199,
        ioctl: 29,
      },
      ...{ clone: 220, unshare: 97, mount: 40, bpf: 280, setns: 268, keyctl: 219, getppid: 173 },
      prlimit64: 261,
    },
  },
} as const;

/** The same on every architecture, from Linux 5.1 on. */
const newCalls = { io_uring_setup: 425, clone3: 435, openat2: 437, fchmodat2: 452, mseal: 462 };

const setIdBits = 0o6000n;
const creating = 0o100n | 0o20000000n; // O_CREAT, __O_TMPFILE
const newNamespaces = 0x7e020000n; // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
const newTime = 0x80n;
const terminalRequests = [0x5412n, 0x541cn, 0x5423n]; // TIOCSTI, TIOCLINUX, TIOCSETD
const openFamilies = [1n, 2n, 10n, 16n, 17n]; // AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET

const low = (value: bigint): bigint => value & 0xffffffffn;

/** Any 64-bit value, more often with one of these and anything in its upper half. */
const argument = (...values: readonly bigint[]): fc.Arbitrary<bigint> => {
  const any = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const upper = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
  const near = fc.tuple(fc.constantFrom(0n, ...values), upper);
  return fc.oneof(
    any,
    near.map(([value, high]) => value | (high << 32n)),
  );
};

for (const [name, { own, foreign, calls }] of Object.entries(architectures))
  describe(`the compiled filter for ${name}`, () => {
    const programs = readPrograms(new URL(`../../native/policy/${name}.h`, import.meta.url));

    /** The stricter answer of the two programs, as the kernel takes it: the lower value. */
    const answer = (
      number: number,
      values: readonly bigint[] = [],
      architecture: number = own,
    ): number => {
      const call = { architecture, number, arguments: values };
      const run = (program: Program): number => evaluate(program, call);
      return Math.min(...[...programs.values()].map(run));
    };

    /** `number` answers `error` exactly where `refused` holds for its arguments. */
    const refuses = (
      number: number,
      error: number,
      values: readonly fc.Arbitrary<bigint>[],
      refused: (...values: readonly bigint[]) => boolean,
    ): void =>
      fc.assert(
        fc.property(fc.tuple(...values), (given) => {
          assert.equal(answer(number, given), refused(...given) ? error : allow);
        }),
        { numRuns: 2000 },
      );

    it("holds two programs, each shorter than the kernel's bound of 4096", () => {
      assert.deepEqual([...programs.keys()], ["calls", "arguments"]);
      for (const program of programs.values())
        assert.ok(program.length > 0 && program.length <= 4096);
    });

    it("allows ordinary calls and refuses what the sandbox must not do", () => {
      for (const call of ["read", "openat", "execve", "getppid", "fchmod", "clone"] as const)
        assert.equal(answer(calls[call]), allow, call);
      for (const call of ["mount", "bpf", "setns", "keyctl"] as const)
        assert.equal(answer(calls[call]), EPERM, call);
    });

    it("answers ENOSYS to calls that it cannot look into, and to all that the policy does not name", () => {
      for (const [call, number] of Object.entries(newCalls))
        assert.equal(answer(number), ENOSYS, call);
      for (let number = 451; number < 5000; number++) assert.equal(answer(number), ENOSYS);
      fc.assert(
        fc.property(fc.integer({ min: 5000, max: 0xffffffff }), (number) => {
          assert.equal(answer(number), ENOSYS);
        }),
      );
    });

    it("answers ENOSYS to every call of a foreign ABI", () => {
      for (const [abi, architecture] of Object.entries(foreign))
        for (let number = 0; number < 500; number++)
          assert.equal(answer(number, [], architecture), ENOSYS, `${abi} ${number}`);
    });

    it("refuses set-id bits in a mode, whatever else is in the register", () => {
      const hasSetId = (mode = 0n): boolean => (mode & setIdBits) !== 0n;
      const mode = argument(0o4755n, 0o2755n, 0o6000n, 0o1777n, 0o644n);
      const other = argument();
      refuses(calls.fchmod, EPERM, [other, mode], (_fd, bits) => hasSetId(bits));
      refuses(calls.fchmodat, EPERM, [other, other, mode], (_fd, _path, bits) => hasSetId(bits));
    });

    it("refuses set-id bits to an open only where it makes a file", () => {
      const flags = argument(0o100n, 0o20200000n, 0o1n, 0o200000n);
      const mode = argument(0o4755n, 0o2755n, 0o644n);
      refuses(calls.openat, EPERM, [argument(), argument(), flags, mode], (_fd, _path, how, bits) =>
        [how ?? 0n, bits ?? 0n].every((value, at) => (value & (at ? setIdBits : creating)) !== 0n),
      );
    });

    it("refuses every new namespace, and no other flag", () => {
      const flags = argument(0x10000000n, 0x40000000n, 0x00020000n, 0x80n, 0x11n, 0x3d0f00n);
      refuses(calls.clone, EPERM, [flags], (bits = 0n) => (bits & newNamespaces) !== 0n);
      refuses(
        calls.unshare,
        EPERM,
        [flags],
        (bits = 0n) => (bits & (newNamespaces | newTime)) !== 0n,
      );
    });

    it("refuses another process's limits", () => {
      const pid = argument(1n, 2n, 31n, 32n, 4_194_303n);
      refuses(calls.prlimit64, EPERM, [pid], (number = 0n) => low(number) !== 0n);
    });

    it("refuses three requests to a terminal and all but five families of sockets, by their low 32 bits", () => {
      const request = argument(...terminalRequests, 0x5401n, 0x541bn);
      refuses(calls.ioctl, EPERM, [argument(), request], (_fd, number = 0n) =>
        terminalRequests.includes(low(number)),
      );
      const families = Array.from({ length: 64 }, (_, number) => BigInt(number));
      const family = argument(...families, 0x101n, 0x10001n, 0x80000001n);
      for (const call of [calls.socket, calls.socketpair]) {
        refuses(call, EAFNOSUPPORT, [family], (number = 0n) => !openFamilies.includes(low(number)));
      }
    });
  });

it("the compiled filter for x86_64 answers ENOSYS to every number of x32", () => {
  const programs = readPrograms(new URL("../../native/policy/x86_64.h", import.meta.url));
  const { own: architecture } = architectures.x86_64;
  for (let number = 0; number < 600; number++) {
    const answers = [...programs.values()].map((program) =>
      evaluate(program, { architecture, number: (0x40000000 | number) >>> 0 }),
    );
    assert.equal(Math.min(...answers), ENOSYS, `x32 ${number}`);
  }
});
