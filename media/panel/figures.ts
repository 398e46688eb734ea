import { formatBytes } from "../../helper/protocol/bytes.ts";
import type { UsageSample } from "../../helper/protocol/usage.ts";
import { usageRates } from "../../helper/protocol/usageRates.ts";

/** The two figures of the header: what matters of a usage at a glance. */

export function memoryFigure(sample: UsageSample | undefined): string | undefined {
  const { current, max } = sample?.memory ?? {};
  if (current === undefined) return undefined;
  return `memory ${formatBytes(current)}${max === undefined ? "" : ` of ${formatBytes(max)}`}`;
}

/** `cpu 12 % of 20 %`, of one processor. A rate needs two samples: the one before is kept here. */
export function cpuFigure(): (sample: UsageSample | undefined) => string | undefined {
  let last: UsageSample | undefined;
  let words: string | undefined;
  return (sample) => {
    if (sample && sample !== last) {
      const percent = last && usageRates(last, sample)?.cpuPercent;
      words = percent === undefined ? undefined : `cpu ${Math.round(percent)} %`;
      last = sample;
    }
    const limit = sample?.cpu?.limitPercent;
    return words && `${words}${limit === undefined ? "" : ` of ${Number(limit.toFixed(1))} %`}`;
  };
}
