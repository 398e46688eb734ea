import type { HelperClient } from "../../protocol/methods.ts";
import type { UsageSample } from "../../protocol/usage.ts";
import { type UsageRates, usageRates } from "../../protocol/usageRates.ts";

/** One target in one round. */
export interface Measured {
  readonly sample: UsageSample;
  /** Since the round before; undefined at first, and for a cgroup that was made again. */
  readonly rates: UsageRates | undefined;
}

/** A request is a megabyte at most, and a path four kilobytes. */
const targetsPerRequest = 200;

/** Remembers each target's last sample, so that each round has rates. */
export class Rounds {
  readonly #connection: HelperClient;
  #last = new Map<string, UsageSample>();

  constructor(connection: HelperClient) {
    this.#connection = connection;
  }

  /** In the order of `targets`. Without `skipMissing` rejects for one that is not there. */
  async measure(targets: readonly string[], skipMissing: boolean): Promise<readonly Measured[]> {
    const samples: UsageSample[] = [];
    for (let begin = 0; begin < targets.length; begin += targetsPerRequest) {
      const some = targets.slice(begin, begin + targetsPerRequest);
      samples.push(
        ...(await this.#connection.request("usage/sample", { targets: some, skipMissing })),
      );
    }
    const measured = samples.map((sample) => {
      const before = this.#last.get(sample.target);
      return { sample, rates: before && usageRates(before, sample) };
    });
    this.#last = new Map(samples.map((sample) => [sample.target, sample]));
    return measured;
  }
}
