import { formatBytes, parseBytes } from "./bytes.ts";

/** A scalar; a list of processors or memory nodes (`0-1,3`); or an amount per device or page size. */
export type LimitValue = number | string | Readonly<Record<string, number>>;

/** What the value of each unit is. */
export interface UnitValues {
  readonly us: number;
  readonly bytes: number;
  readonly count: number;
}

/** How the values of one unit are written and said. */
export interface LimitUnit<V extends LimitValue = LimitValue> {
  /** Undefined: it is no value of this unit. */
  parse(text: string): V | undefined;
  /** For people. */
  format(value: V): string;
  /** The numbers that a row's range is about. */
  numbers(value: V): readonly number[];
  /** Ends "It is written …". */
  readonly example: string;
  /** Ends "It must be …". */
  range(minimum: number, maximum: number): string;
}

export const limitUnits: { readonly [U in keyof UnitValues]: LimitUnit<UnitValues[U]> } = {
  us: {
    parse: parseInteger,
    format: (us) => `${us} µs`,
    numbers: (us) => [us],
    example: "as a whole number of microseconds",
    range: (minimum, maximum) => `between ${minimum} and ${maximum} microseconds`,
  },
  // Its upper bound is that of exact numbers in JavaScript: nothing that a machine could have.
  bytes: {
    parse: parseBytes,
    format: formatBytes,
    numbers: (bytes) => [bytes],
    example: "in bytes, or as 64m or 1.5g",
    range: (minimum) => `${formatBytes(minimum)} or more`,
  },
  count: {
    parse: parseInteger,
    format: (count) => `${count}`,
    numbers: (count) => [count],
    example: "as a whole number",
    range: (minimum, maximum) => `between ${minimum} and ${maximum}`,
  },
};

function parseInteger(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
