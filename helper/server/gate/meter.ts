import { Transform, type TransformCallback } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * To take apart what an agent says costs root's helper a millisecond for each hundred kilobytes, in which it does
 * nothing for others. An honest one says some megabytes at once, then little.
 */
const burstBytes = 32 * 1024 * 1024;
const bytesPerSecond = 4 * 1024 * 1024;

/** What all agents of one user may say. */
export interface Allowance {
  /** Answers how long to wait until those bytes are allowed. */
  spend(bytes: number): number;
  /** Nothing of it is spent. */
  isWhole(): boolean;
}

export function openAllowance(burst = burstBytes, perSecond = bytesPerSecond): Allowance {
  let saved = burst;
  let lastMs = performance.now();
  const left = () => Math.min(burst, saved + ((performance.now() - lastMs) / 1000) * perSecond);
  return {
    spend: (bytes) => {
      saved = left() - bytes;
      lastMs = performance.now();
      return saved >= 0 ? 0 : (-saved / perSecond) * 1000;
    },
    isWhole: () => left() === burst,
  };
}

/** Lets a stream through as far as that goes; it is read no faster. */
export function meter(allowance: Allowance): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      const waitMs = allowance.spend(chunk.length);
      if (waitMs === 0) done(null, chunk);
      else void sleep(waitMs, undefined, { ref: false }).then(() => done(null, chunk));
    },
  });
}
