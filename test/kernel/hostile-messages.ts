import fc from "fast-check";
import { watchedTableNames } from "../../helper/protocol/inventoryChanges.ts";
import { parameterSchemas } from "../../helper/protocol/schemas.ts";

/** What a client that means harm may send: nearly right messages, and right ones with some bytes changed. */

export interface Request {
  readonly method: string;
  readonly params?: unknown;
}

const methods = Object.keys(parameterSchemas);

/** These make a process or a sandbox each time that they are asked properly: once in a while is enough. */
const costly = new Set(
  ["sandbox/create", "sandbox/start", "sandbox/exec", "process/enter"].concat([
    ...["host/doctor", "host/features", "sandbox/plan", "sandbox/export"],
  ]),
);
const unknownKey = { "not a key": true };

/** Every key of every schema, so that one method's words come to another. */
const keys = [
  ...new Set(Object.values(parameterSchemas).flatMap(({ shape }) => Object.keys(shape))),
];

/** What schemas look for, and what handlers would trip over. */
const words = [
  ...["", "a", "web", "../x", "/", "/proc/self/root", "/sys/fs/cgroup", "1", "1@1", "0x1", "\0"],
  ...["__proto__", "constructor", "SIGKILL", "net", "tty", "none", "docker", "x".repeat(5_000)],
  ...watchedTableNames,
];
const numbers = [0, 1, -1, 2, 0.5, 1e308, 2 ** 53, 4_194_304, 4_194_305, 1_000];

const leaf = fc.oneof(
  fc.constantFrom(...words),
  fc.constantFrom(...numbers),
  fc.constantFrom(null, true, false),
  fc.string({ maxLength: 20, unit: "binary" }),
);
const value = fc.oneof(
  { depthSize: "small", maxDepth: 4 },
  leaf,
  fc.array(leaf, { maxLength: 6 }),
  fc.dictionary(fc.constantFrom(...keys, "__proto__"), leaf, { maxKeys: 4 }),
  fc.anything({ maxDepth: 3, withNullPrototype: false }).map(asJson),
);
const params = fc.oneof(
  { weight: 20, arbitrary: fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 5 }) },
  { weight: 2, arbitrary: value },
  { weight: 1, arbitrary: fc.array(value, { maxLength: 3 }) },
);

/** JSON has no undefined, functions or symbols. */
function asJson(thing: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(thing) ?? "null");
  } catch {
    return null;
  }
}

export const request: fc.Arbitrary<Request> = fc.oneof(
  {
    weight: 50,
    arbitrary: fc
      .tuple(fc.constantFrom(...methods), params, fc.nat(2_000))
      .map(([method, given, chance]) => ({
        method,
        params: costly.has(method) && chance > 0 ? harmless(given) : given,
      })),
  },
  { weight: 1, arbitrary: fc.record({ method: fc.string({ maxLength: 40 }), params: value }) },
);

/** Refused by its schema, however right the rest is. */
function harmless(given: unknown): unknown {
  return typeof given === "object" && given !== null && !Array.isArray(given)
    ? { ...given, ...unknownKey }
    : unknownKey;
}

export function frame(message: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]);
}

export interface Mutation {
  readonly at: number;
  readonly kind: "flip" | "drop" | "double" | "insert";
  readonly byte: number;
}

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom("flip", "drop", "double", "insert"),
  byte: fc.nat(255),
});

/** Some bytes of a stream changed, each at its place modulo the length. */
export function mutate(stream: Buffer, mutations: readonly Mutation[]): Buffer {
  return mutations.reduce((bytes, { at, kind, byte }) => {
    const place = at % Math.max(1, bytes.length);
    const [before, after] = [bytes.subarray(0, place), bytes.subarray(place + 1)];
    const here = bytes.subarray(place, place + 1);
    const there = {
      flip: Buffer.from([(here[0] ?? 0) ^ (byte || 1)]),
      drop: Buffer.alloc(0),
      double: Buffer.concat([here, here]),
      insert: Buffer.concat([Buffer.from([byte]), here]),
    }[kind];
    return Buffer.concat([before, there, after]);
  }, stream);
}
