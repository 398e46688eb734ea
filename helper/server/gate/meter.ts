import { Transform, type TransformCallback } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * To take apart what an agent says costs root's helper a millisecond for each hundred kilobytes, in which it does
 * nothing for others. An honest one says some megabytes at once, then little.
 */
const burstBytes = 32 * 1024 * 1024;
const bytesPerSecond = 4 * 1024 * 1024;

/** Lets a stream through at that rate; it is read no faster. */
export function meter(burst = burstBytes, perSecond = bytesPerSecond): Transform {
  let saved = burst;
  let lastMs = performance.now();
  const earn = () => {
    const nowMs = performance.now();
    saved = Math.min(burst, saved + ((nowMs - lastMs) / 1000) * perSecond);
    lastMs = nowMs;
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      earn();
      saved -= chunk.length;
      if (saved >= 0) done(null, chunk);
      else
        void sleep((-saved / perSecond) * 1000, undefined, { ref: false }).then(() =>
          done(null, chunk),
        );
    },
  });
}
