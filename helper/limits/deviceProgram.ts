/**
 * What a list of allowed devices is for version 2 of cgroups: a program of BPF that says 1 for them and 0 for all
 * else (include/uapi/linux/bpf.h, struct bpf_cgroup_dev_ctx).
 */

/** As version 1's devices.allow has it; a `minor` that is absent means all. */
export interface DeviceRule {
  readonly type: "b" | "c";
  readonly major: number;
  readonly minor?: number;
  /** r, w, m; absent: all. */
  readonly access?: string;
}

/** BPF_DEVCG_ACC_MKNOD, _READ, _WRITE: what is done with the device is the upper half of the context's first word. */
const accessBits = { m: 1, r: 2, w: 4 } as const;

/** BPF_DEVCG_DEV_BLOCK, BPF_DEVCG_DEV_CHAR. */
const types = { b: 1, c: 2 } as const;

/** Where the context has them, and the register that each is read into. */
const access = { register: 2, offset: 0 } as const;
const major = { register: 3, offset: 4 } as const;
const minor = { register: 4, offset: 8 } as const;

/** What is done, and the same less what a rule allows. */
const done = 5;
const excess = 0;

export function deviceProgram(rules: readonly DeviceRule[]): Buffer {
  return Buffer.concat([
    ...[access, major, minor].map(load),
    // The low half of the first word is the type.
    instruction(opcodes.copy, done | (access.register << 4), {}),
    instruction(opcodes.shiftRight, done, { immediate: 16 }),
    instruction(opcodes.and, access.register, { immediate: 0xffff }),
    ...rules.flatMap(ruleProgram),
    ...answer(0),
  ]);
}

/** Each comparison that fails jumps behind the rule. */
function ruleProgram(rule: DeviceRule): Buffer[] {
  const compared: [register: number, value: number][] = [
    [access.register, types[rule.type]],
    [major.register, rule.major],
    ...(rule.minor === undefined ? [] : [[minor.register, rule.minor] as [number, number]]),
    [excess, 0],
  ];
  const allowed = answer(1);
  const comparisons = compared.map(([register, immediate], place) =>
    instruction(opcodes.jumpUnlessEqual, register, {
      immediate,
      offset: compared.length - 1 - place + allowed.length,
    }),
  );
  return [...excessOf(rule), ...comparisons, ...allowed];
}

function excessOf({ access: letters = "rwm" }: DeviceRule): Buffer[] {
  const bits = Object.entries(accessBits).map(([letter, bit]) =>
    letters.includes(letter) ? 0 : bit,
  );
  const immediate = bits.reduce<number>((sum, bit) => sum | bit, 0);
  return [
    instruction(opcodes.copy, excess | (done << 4), {}),
    instruction(opcodes.and, excess, { immediate }),
  ];
}

function answer(value: 0 | 1): Buffer[] {
  return [instruction(opcodes.move, 0, { immediate: value }), instruction(opcodes.exit, 0, {})];
}

/** BPF_LDX | BPF_W | BPF_MEM, and so on: Documentation/bpf/standardization/instruction-set.rst. */
const opcodes = {
  load: 0x61,
  and: 0x54,
  shiftRight: 0x74,
  jumpUnlessEqual: 0x55,
  copy: 0xbf,
  move: 0xb7,
  exit: 0x95,
} as const;

/** The context comes in register 1. */
function load({ register, offset }: { readonly register: number; readonly offset: number }) {
  return instruction(opcodes.load, register | (1 << 4), { offset });
}

function instruction(
  opcode: number,
  registers: number,
  { offset = 0, immediate = 0 }: { readonly offset?: number; readonly immediate?: number },
): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt8(opcode, 0);
  bytes.writeUInt8(registers, 1);
  bytes.writeInt16LE(offset, 2);
  bytes.writeInt32LE(immediate, 4);
  return bytes;
}
