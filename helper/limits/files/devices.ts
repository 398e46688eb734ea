import { type CgroupFiles, type LimitFile, standing } from "./limitFile.ts";
import { number, parseNumber } from "./numbers.ts";

/** Rates and weights of block devices. Here a device is its number, MAJOR:MINOR. */

type Rates = Readonly<Record<string, number>>;

/** `8:0 rbps=1048576 wbps=max riops=max wiops=max` of version 2's io.max. */
export function ioMax(field: "rbps" | "wbps" | "riops" | "wiops"): LimitFile<Rates> {
  const rate = new RegExp(`^(\\d+:\\d+) .*\\b${field}=(\\d+)`, "gm");
  return perDevice("io.max", rate, (amount) => `${field}=${amount ?? "max"}`);
}

/** `8:0 1048576` of version 1; 0 takes a limit away. */
export function throttle(file: string): LimitFile<Rates> {
  return perDevice(file, /^(\d+:\d+) (\d+)/gm, (amount) => `${amount ?? 0}`);
}

function perDevice(
  file: string,
  line: RegExp,
  word: (amount: number | undefined) => string,
): LimitFile<Rates> {
  const held = (files: CgroupFiles) =>
    [...(files.read(file) ?? "").matchAll(line)].map(
      ([, device = "", amount]) => [device, Number(amount)] as const,
    );
  return {
    ...standing(file),
    read: (files) => {
      const rates = held(files);
      return rates.length > 0 ? Object.fromEntries(rates) : undefined;
    },
    writes: (rates = {}, files) => {
      const gone = held(files).filter(([device]) => rates[device] === undefined);
      const wanted = [
        ...gone.map(([device]) => [device, undefined] as const),
        ...Object.entries(rates),
      ];
      return wanted.map(([device, amount]) => ({
        file,
        text: `${device} ${word(amount)}`,
        line: true,
      }));
    },
  };
}

/** Version 1's files hold one number, BFQ's too. */
export function weight(file: string, usual: number): LimitFile<number> {
  return { ...defaultWeight(file, usual), writes: number(file, `${usual}`).writes };
}

/** Version 2's begin with `default 100`; lines of single devices follow. */
export function defaultWeight(file: string, usual: number): LimitFile<number> {
  return {
    ...standing(file),
    read: (files) => parseNumber(/^(?:default )?(\d+)$/m.exec(files.read(file) ?? "")?.[1] ?? ""),
    writes: (value) => [{ file, text: `default ${value ?? usual}` }],
    isUnset: (value) => value === usual,
  };
}

/** io.weight goes from 1 to 10000 where Docker's goes from 10 to 1000; the formula is runc's and crun's. */
export const ioWeight: LimitFile<number> = {
  ...standing("io.weight"),
  read: (files) => {
    const held = kernelWeight.read(files);
    return held === undefined ? undefined : toDocker(held);
  },
  writes: (value, files) =>
    kernelWeight.writes(value === undefined ? undefined : toKernel(value), files),
  isUnset: (_value, files) => kernelWeight.read(files) === usualWeight,
};

const usualWeight = 100;
const kernelWeight = defaultWeight("io.weight", usualWeight);

function toKernel(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

function toDocker(weight: number): number {
  return Math.round(10 + ((weight - 1) * 990) / 9999);
}
