import { formatBytes, parseBytes } from "./bytes.ts";
import { formatCpuList, parseCpuList } from "./cpuList.ts";
import { amountOf, parseResourceValue, softAndHard } from "./resourceLimits.ts";

/** A scalar; a list (`0-1,3`) or a pair (`1024:unlimited`) in words; or an amount per device or page size. */
export type LimitValue = number | string | Readonly<Record<string, number>>;

type Amounts = Readonly<Record<string, number>>;

/** What the value of each unit is. */
export interface UnitValues {
  readonly us: number;
  readonly bytes: number;
  readonly count: number;
  /** 0 or 1. */
  readonly switch: number;
  readonly list: string;
  /** Of a network link, in bytes per second. */
  readonly rate: number;
  /** By device: a path below /dev, or MAJOR:MINOR. */
  readonly bytesPerSecond: Amounts;
  readonly operationsPerSecond: Amounts;
  /** By size, as 2MB. */
  readonly hugePages: Amounts;
  /** Of getrlimit(2): SOFT:HARD. */
  readonly resourceBytes: string;
  readonly resourceSeconds: string;
  readonly resourceUs: string;
  readonly resourceCount: string;
}

/**
 * Devices are named below /dev, where only root makes names: whoever looks one up is not led into a file
 * system that does not answer.
 */
export const devicePattern = /^(?!.*\/\.\.?(\/|$))(\/dev\/[^\0,]{1,4000}|\d{1,4}:\d{1,7})$/;

/** As the kernel names the files: hugetlb.2MB.max. */
export const pageSizePattern = /^\d{1,4}[KMG]B$/;

/** How the values of one unit are written and said. */
export interface LimitUnit<V extends LimitValue = LimitValue> {
  /** Undefined: it is no value of this unit. */
  parse(text: string): V | undefined;
  /** As `parse` takes it, and to the last digit. */
  spell(value: V): string;
  /** For people. */
  format(value: V): string;
  /** The numbers that a row's range is about. */
  numbers(value: V): readonly number[];
  /** Ends "It is written …". */
  readonly example: string;
  /** Ends "It must be …". */
  range(minimum: number, maximum: number): string;
}

const sizeExample = "in bytes, or as 64m or 1.5g";
// The upper bound is that of exact numbers in JavaScript: nothing that a machine could have.
const sized = (minimum: number) => `${formatBytes(minimum)} or more`;

/** From here on a bound is the width of the kernel's number, and tells nobody what to ask for. */
const leastUntold = 2 ** 32 - 2;

/** `between 10 and 1,000`, or `1 or more`; and of what. */
function counted(minimum: number, maximum: number, unit = ""): string {
  const [least, most] = [minimum, maximum].map((bound) => bound.toLocaleString("en"));
  return maximum < leastUntold ? `between ${least} and ${most}${unit}` : `${least}${unit} or more`;
}

export const limitUnits: { readonly [U in keyof UnitValues]: LimitUnit<UnitValues[U]> } = {
  us: {
    parse: parseInteger,
    spell: String,
    format: (us) => `${us} µs`,
    numbers: (us) => [us],
    example: "as a whole number of microseconds",
    range: (minimum, maximum) => counted(minimum, maximum, " microseconds"),
  },
  bytes: {
    parse: parseBytes,
    spell: String,
    format: formatBytes,
    numbers: (bytes) => [bytes],
    example: sizeExample,
    range: sized,
  },
  count: {
    parse: parseInteger,
    spell: String,
    format: (count) => `${count}`,
    numbers: (count) => [count],
    example: "as a whole number",
    range: (minimum, maximum) => counted(minimum, maximum),
  },
  switch: {
    parse: parseInteger,
    spell: String,
    format: (on) => (on ? "yes" : "no"),
    numbers: (on) => [on],
    example: "0 or 1",
    range: () => "0 or 1",
  },
  list: {
    parse: canonicalList,
    spell: (list) => list,
    format: (list) => list,
    numbers: (list) => parseCpuList(list) ?? [],
    example: "as the kernel writes it: 0-1,3",
    range: (_, maximum) => `numbers up to ${maximum.toLocaleString("en")}, as 0-1,3`,
  },
  rate: {
    parse: parseRate,
    spell: String,
    format: (rate) => `${formatBytes(rate)}/s`,
    numbers: (rate) => [rate],
    example: "in bits per second, as 10mbit, or in bytes per second, as 1250000 or 1.2m",
    range: (minimum, maximum) => `between ${formatBits(minimum)} and ${formatBits(maximum)}`,
  },
  bytesPerSecond: {
    ...amounts(devicePattern, parseBytes, (bytes) => `${formatBytes(bytes)}/s`),
    example: "DEVICE:BYTES, as /dev/sda:10m or 8:0:10m",
    range: (minimum) => `${formatBytes(minimum)} per second or more`,
  },
  operationsPerSecond: {
    ...amounts(devicePattern, parseInteger, (count) => `${count}/s`),
    example: "DEVICE:COUNT, as /dev/sda:100 or 8:0:100",
    range: (minimum, maximum) => counted(minimum, maximum, " per second"),
  },
  hugePages: {
    ...amounts(pageSizePattern, parseBytes, formatBytes),
    example: "SIZE:BYTES, as 2MB:64m",
    range: sized,
  },
  resourceBytes: pair(parseBytes, formatBytes, "8m:64m"),
  resourceSeconds: pair(parseInteger, (seconds) => `${seconds} s`, "60:120"),
  resourceUs: pair(parseInteger, (us) => `${us} µs`, "200000:1000000"),
  resourceCount: pair(parseInteger, String, "1024:4096"),
};

/** A soft and a hard limit: the one in force, and how far the process may raise it. */
function pair(
  parse: (text: string) => number | undefined,
  format: (amount: number) => string,
  example: string,
): LimitUnit<string> {
  const words = (word: string) => (word === "unlimited" ? word : format(Number(word)));
  return {
    parse: (text) => parseResourceValue(text, parse),
    spell: (value) => {
      const [soft, hard] = softAndHard(value);
      return soft === hard ? soft : value;
    },
    format: (value) => {
      const [soft, hard] = softAndHard(value);
      return soft === hard ? words(soft) : `${words(soft)} soft, ${words(hard)} hard`;
    },
    numbers: (value) => softAndHard(value).map(amountOf).filter(Number.isFinite),
    example: `SOFT:HARD, as ${example}, or one for both; "unlimited" is none, and the soft limit must not be above the hard one`,
    range: () => `as ${example}, soft and hard, or unlimited`,
  };
}

/** Several are separated by commas, as in a form; a flag is given once for each. */
function amounts(
  keys: RegExp,
  parse: (text: string) => number | undefined,
  format: (amount: number) => string,
): Pick<LimitUnit<Amounts>, "parse" | "spell" | "format" | "numbers"> {
  return {
    parse: (text) => {
      const pairs = text.split(",").map((part) => /^(.+):([^:]+)$/.exec(part.trim()) ?? []);
      const entries = pairs.map(([, key = "", amount = ""]) => [key, parse(amount)] as const);
      const isWhole = (entry: readonly [string, number | undefined]): entry is [string, number] =>
        keys.test(entry[0]) && entry[1] !== undefined;
      return entries.every(isWhole) ? Object.fromEntries(entries) : undefined;
    },
    spell: (value) =>
      Object.entries(value)
        .map(([key, amount]) => `${key}:${amount}`)
        .join(","),
    format: (value) =>
      Object.entries(value)
        .map(([key, amount]) => `${key} ${format(amount)}`)
        .join(", "),
    numbers: (value) => Object.values(value),
  };
}

const bits = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 } as const;

/** tc(8)'s bits count in thousands, bytes as everywhere else here in powers of two. */
export function parseRate(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?(bit|kbit|mbit|gbit)$/i.exec(text.trim());
  if (!match) return parseBytes(text);
  const unit = Object.entries(bits).find(([name]) => name === match[2]?.toLowerCase());
  return Math.floor((Number(match[1]) * (unit?.[1] ?? 1)) / 8);
}

/** As `parseRate` takes it, in the greatest unit that it has one of. */
function formatBits(rate: number): string {
  const [name, size] = Object.entries(bits).findLast(([, one]) => rate * 8 >= one) ?? ["bit", 1];
  return `${(rate * 8) / size}${name}`;
}

function canonicalList(text: string): string | undefined {
  const numbers = parseCpuList(text);
  return numbers && formatCpuList(numbers);
}

function parseInteger(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
