import { readFileSync } from "node:fs";

/** One instruction of classic BPF (linux/filter.h). */
interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

export type Program = readonly Instruction[];

/** What a filter sees of a system call (struct seccomp_data). */
export interface SystemCall {
  readonly architecture: number;
  readonly number: number;
  /** 64 bits each; missing ones are 0. */
  readonly arguments?: readonly bigint[];
}

/** The arrays of a compiled policy, native/policy/ARCHITECTURE.h, by their names. */
export function readPrograms(header: URL): ReadonlyMap<string, Program> {
  const text = readFileSync(header, "utf8");
  const arrays = text.matchAll(/sock_filter (\w+)\[\] = \{([^;]+)\};/g);
  return new Map([...arrays].map(([, name = "", lines = ""]) => [name, readLines(lines)]));
}

function readLines(lines: string): Program {
  return [...lines.matchAll(/\{(\S+), (\d+), (\d+), (\S+)\}/g)].map(([, code, jt, jf, k]) => ({
    code: Number(code),
    jt: Number(jt),
    jf: Number(jf),
    k: Number(k),
  }));
}

/** The machine's instructions that libseccomp writes; anything else ends the test. */
const LOAD = 0x20;
const AND = 0x54;
const JUMP = 0x05;
const RETURN = 0x06;
const comparisons: Readonly<Record<number, (left: number, right: number) => boolean>> = {
  21: (left, right) => left === right,
  37: (left, right) => left > right,
  53: (left, right) => left >= right,
};

/** Runs a filter as the kernel would; the value that it returns for this call (SECCOMP_RET_…). */
export function evaluate(program: Program, call: SystemCall): number {
  const data = seccompData(call);
  let accumulator = 0;
  for (let at = 0; ; at++) {
    const { code, jt, jf, k } = instructionAt(program, at);
    const compare = comparisons[code];
    if (compare !== undefined) at += compare(accumulator, k) ? jt : jf;
    else if (code === LOAD) accumulator = data.getUint32(k, true);
    else if (code === AND) accumulator = (accumulator & k) >>> 0;
    else if (code === JUMP) at += k;
    else if (code === RETURN) return k;
    else throw new Error(`instruction ${at} has the unknown code ${code}`);
  }
}

function instructionAt(program: Program, at: number): Instruction {
  const instruction = program[at];
  if (instruction === undefined) throw new Error(`the program jumps to ${at}, behind its end`);
  return instruction;
}

/** struct seccomp_data as it lies in memory: nr, arch, instruction pointer, six arguments. */
function seccompData({ architecture, number, arguments: values = [] }: SystemCall): DataView {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, architecture, true);
  for (const [index, value] of values.entries()) data.setBigUint64(16 + 8 * index, value, true);
  return data;
}
