import * as z from "zod/mini";
import { parseBytes } from "./bytes.ts";
import { parseCpuList } from "./cpuList.ts";
import {
  type CgroupLimitName,
  cgroupLimitNames,
  type LimitFact,
  type LimitName,
  type Limits,
  limitFacts,
  limitsFromCpus,
  parseLimit,
  swapFromSum,
} from "./limits.ts";
import { devicePattern, pageSizePattern, parseRate } from "./limitUnits.ts";
import { isOrderedPair, noResourceLimit } from "./resourceLimits.ts";

/** The limits of a spec, in the units of helper/protocol/limits.ts, and those of a sandbox.json, in its words. */

type Range = Pick<LimitFact, "minimum" | "maximum">;

const within = ({ minimum, maximum }: Range) =>
  z.int().check(z.minimum(minimum), z.maximum(maximum));
const device = z
  .string()
  .check(z.regex(devicePattern, "must be a path below /dev, or MAJOR:MINOR"));
const pageSize = z.string().check(z.regex(pageSizePattern, "must be a page size, as in 2MB"));
const list = z
  .string()
  .check(
    z.refine((text) => parseCpuList(text) !== undefined, "must be a list of numbers, as in 0-1,3"),
  );

export const limit = (range: Range) => z.optional(within(range));
const perDevice = (range: Range) => z.optional(z.record(device, within(range)));

export const limits = z.strictObject({
  cpuPeriodUs: limit(limitFacts.cpuPeriodUs),
  cpuQuotaUs: limit(limitFacts.cpuQuotaUs),
  cpuBurstUs: limit(limitFacts.cpuBurstUs),
  cpuIdle: limit(limitFacts.cpuIdle),
  cpuShares: limit(limitFacts.cpuShares),
  cpusetCpus: z.optional(list),
  cpusetMems: z.optional(list),
  memoryBytes: limit(limitFacts.memoryBytes),
  memoryHighBytes: limit(limitFacts.memoryHighBytes),
  memoryLowBytes: limit(limitFacts.memoryLowBytes),
  memoryMinBytes: limit(limitFacts.memoryMinBytes),
  swapBytes: limit(limitFacts.swapBytes),
  swappiness: limit(limitFacts.swappiness),
  oomGroup: limit(limitFacts.oomGroup),
  pidsMax: limit(limitFacts.pidsMax),
  ioWeight: limit(limitFacts.ioWeight),
  ioReadBytes: perDevice(limitFacts.ioReadBytes),
  ioWriteBytes: perDevice(limitFacts.ioWriteBytes),
  ioReadOps: perDevice(limitFacts.ioReadOps),
  ioWriteOps: perDevice(limitFacts.ioWriteOps),
  hugetlbBytes: z.optional(z.record(pageSize, within(limitFacts.hugetlbBytes))),
  netRateUp: limit(limitFacts.netRateUp),
  netRateDown: limit(limitFacts.netRateDown),
} satisfies Record<CgroupLimitName, unknown>);

/** Every process has one: none is a number to the kernel, too. */
const resourceLimit = z.optional(
  z.pipe(
    z.nullable(
      z
        .string()
        .check(
          z.refine(
            isOrderedPair,
            "must be SOFT:HARD, and the soft limit must not be above the hard one",
          ),
        ),
    ),
    z.transform((value: string | null) => value ?? noResourceLimit),
  ),
);

/** The same, and those of processes; null: no limit any more. */
export const limitChanges = z.strictObject({
  ...nullable(limits.shape),
  ulimitAs: resourceLimit,
  ulimitCore: resourceLimit,
  ulimitCpu: resourceLimit,
  ulimitData: resourceLimit,
  ulimitFsize: resourceLimit,
  ulimitLocks: resourceLimit,
  ulimitMemlock: resourceLimit,
  ulimitMsgqueue: resourceLimit,
  ulimitNice: resourceLimit,
  ulimitNofile: resourceLimit,
  ulimitNproc: resourceLimit,
  ulimitRss: resourceLimit,
  ulimitRtprio: resourceLimit,
  ulimitRttime: resourceLimit,
  ulimitSigpending: resourceLimit,
  ulimitStack: resourceLimit,
} satisfies Record<LimitName, unknown>);

type Shape = Readonly<Record<string, z.ZodMiniType>>;
type Nullable<S extends Shape> = {
  readonly [K in keyof S]: z.ZodMiniOptional<z.ZodMiniNullable<S[K]>>;
};

/** No compiler follows that it answers the shape that it was given. */
function nullable<S extends Shape>(shape: S): Nullable<S>;
function nullable(shape: Shape): Shape {
  const entries = Object.entries(shape);
  return Object.fromEntries(entries.map(([name, one]) => [name, z.optional(z.nullable(one))]));
}

/** Bytes, or a number with a suffix. */
export const size = ({ minimum, maximum }: Range) => {
  const words = `must be bytes, or a number with k, m or g, from ${minimum} bytes up`;
  const written = z.string().check(z.regex(/^\d+(\.\d+)?[bkmgtBKMGT]?$/, words));
  const isInRange = (value: number | string) => {
    const bytes = toBytes(value);
    return bytes !== undefined && bytes >= minimum && bytes <= maximum;
  };
  return z.union([z.int(), written], words).check(z.refine(isInRange, words));
};

/** Bytes per second, or a number with a suffix. */
const rate = ({ minimum, maximum }: Range) => {
  const words = `must be bytes per second, or a rate as in 10mbit, from ${minimum} bytes up`;
  const isInRange = (value: number | string) => {
    const bytes = typeof value === "number" ? value : parseRate(value);
    return bytes !== undefined && bytes >= minimum && bytes <= maximum;
  };
  return z.union([z.int(), z.string()], words).check(z.refine(isInRange, words));
};

const deviceWords = z.strictObject({
  device,
  readBytesPerSecond: z.optional(size(limitFacts.ioReadBytes)),
  writeBytesPerSecond: z.optional(size(limitFacts.ioWriteBytes)),
  readOperationsPerSecond: limit(limitFacts.ioReadOps),
  writeOperationsPerSecond: limit(limitFacts.ioWriteOps),
});

export const limitWords = z
  .strictObject({
    cpus: z.optional(z.number().check(z.minimum(0.01), z.maximum(10_000))),
    cpuPeriod: limit(limitFacts.cpuPeriodUs),
    cpuQuota: limit(limitFacts.cpuQuotaUs),
    cpuBurst: limit(limitFacts.cpuBurstUs),
    cpuIdle: z.optional(z.boolean()),
    cpuShares: limit(limitFacts.cpuShares),
    cpusetCpus: z.optional(list),
    cpusetMems: z.optional(list),
    memory: z.optional(size(limitFacts.memoryBytes)),
    memoryHigh: z.optional(size(limitFacts.memoryHighBytes)),
    memoryReservation: z.optional(size(limitFacts.memoryLowBytes)),
    memoryMin: z.optional(size(limitFacts.memoryMinBytes)),
    memorySwap: z.optional(size(limitFacts.swapBytes)),
    memorySwappiness: limit(limitFacts.swappiness),
    oomGroup: z.optional(z.boolean()),
    pids: limit(limitFacts.pidsMax),
    ioWeight: limit(limitFacts.ioWeight),
    io: z.optional(z.array(deviceWords).check(z.maxLength(64))),
    netRateUp: z.optional(rate(limitFacts.netRateUp)),
    netRateDown: z.optional(rate(limitFacts.netRateDown)),
    hugepageLimits: z.optional(
      z
        .array(z.strictObject({ pageSize, limit: size(limitFacts.hugetlbBytes) }))
        .check(z.maxLength(16)),
    ),
  })
  .check(
    z.refine(
      ({ cpus, cpuPeriod, cpuQuota }) =>
        cpus === undefined || (cpuPeriod === undefined && cpuQuota === undefined),
      "cpus cannot stand beside cpuPeriod or cpuQuota: they set the same limit",
    ),
    z.refine(
      ({ memory, memorySwap }) =>
        memorySwap === undefined || swapOf(memory, memorySwap) !== undefined,
      "memorySwap is memory and swap together: it needs memory, and cannot be below it",
    ),
  );

export type LimitWords = z.output<typeof limitWords>;
type Word = LimitWords[keyof LimitWords];

/** The words of the file in the units of a spec; what is not limited is absent. */
export function limitsFromWords({ cpus, io, hugepageLimits, ...words }: LimitWords): Limits {
  const scalars: Readonly<Record<string, Word>> = { ...words };
  const named = cgroupLimitNames.flatMap((name) => {
    const value = fromWord(name, scalars[limitFacts[name].key]);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...(cpus === undefined ? {} : limitsFromCpus(cpus)),
    ...Object.fromEntries(named),
    ...(words.memorySwap === undefined
      ? {}
      : { swapBytes: swapOf(words.memory, words.memorySwap) }),
    ...fromDevices(io ?? []),
    ...(hugepageLimits && {
      hugetlbBytes: Object.fromEntries(
        hugepageLimits.map(({ pageSize, limit }) => [pageSize, toBytes(limit) ?? 0]),
      ),
    }),
  };
}

function fromWord(name: CgroupLimitName, word: Word) {
  if (typeof word === "boolean") return Number(word);
  return typeof word === "string" ? parseLimit(name, word) : word;
}

const rates = [
  ["ioReadBytes", "readBytesPerSecond"],
  ["ioWriteBytes", "writeBytesPerSecond"],
  ["ioReadOps", "readOperationsPerSecond"],
  ["ioWriteOps", "writeOperationsPerSecond"],
] as const;

function fromDevices(io: NonNullable<LimitWords["io"]>): Limits {
  const limits = rates.map(([name, key]) => {
    const amounts = io.flatMap(({ device, [key]: rate }) =>
      rate === undefined ? [] : [[device, toBytes(rate)] as const],
    );
    return amounts.length > 0 ? { [name]: Object.fromEntries(amounts) } : {};
  });
  return Object.assign({}, ...limits);
}

/** Docker's and OCI's word is the sum, ours the swap alone. Undefined: it cannot be. */
function swapOf(memory: Size | undefined, sum: Size): number | undefined {
  if (memory === undefined) return undefined;
  return swapFromSum(toBytes(memory) ?? 0, toBytes(sum) ?? 0);
}

type Size = number | string;

export function toBytes(size: Size): number | undefined {
  return typeof size === "number" ? size : parseBytes(size);
}
