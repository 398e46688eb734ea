import type { UsageSample } from "../../../helper/protocol/usage.ts";
import type { UsageFigureName } from "../../../helper/protocol/usageFigures.ts";
import { usageRates } from "../../../helper/protocol/usageRates.ts";
import { Columns, type Slice } from "./columns.ts";
import { type GraphName, graphFacts, graphNames, type LineStyle } from "./graphs.ts";

/** A line of a graph, from its first figure on. */
export interface Line {
  readonly key: string;
  readonly label: string;
  readonly figure: UsageFigureName;
  readonly style: LineStyle;
}

/** An hour at two samples a second, with room for gaps. */
const keptRows = 7_500;

/** Longer than three pauses of the slowest sampler: between two such samples nobody looked. */
const gapMs = 3_500;

/** What was sampled, as lines over time. */
export class UsageRecord {
  readonly #columns = new Columns(keptRows);
  readonly #lines = new Map<GraphName, readonly Line[]>();
  #last: UsageSample | undefined;

  get last(): UsageSample | undefined {
    return this.#last;
  }

  /** Begins anew with what the helper has kept. */
  restart(samples: readonly UsageSample[]): void {
    this.#columns.clear();
    this.#lines.clear();
    this.#last = undefined;
    for (const sample of samples) this.add(sample);
  }

  /** A sample that is not newer than the last is one that the history had already. */
  add(sample: UsageSample): void {
    const before = this.#last;
    if (sample.atMs <= this.#columns.lastTime) return;
    const isGap = before !== undefined && sample.atMs - before.atMs > gapMs;
    if (isGap) this.#columns.append((before.atMs + sample.atMs) / 2, new Map());
    // The mean of a time in which nobody looked is no point of a line.
    const rates = before && !isGap ? usageRates(before, sample) : undefined;
    this.#columns.append(sample.atMs, this.#read(sample, rates));
    this.#last = sample;
  }

  linesOf(graph: GraphName): readonly Line[] {
    return this.#lines.get(graph) ?? [];
  }

  between(fromMs: number, toMs: number): Slice {
    return this.#columns.between(fromMs, toMs);
  }

  #read(sample: UsageSample, rates: ReturnType<typeof usageRates>): ReadonlyMap<string, number> {
    const figures = new Map<string, number>();
    for (const graph of graphNames) {
      const readings = graphFacts[graph].readings(sample, rates);
      for (const { key, value } of readings) if (value !== undefined) figures.set(key, value);
      const known = this.linesOf(graph);
      const lines = readings.filter((line) => figures.has(line.key) || isAmong(known, line));
      const gone = known.filter((line) => !isAmong(readings, line));
      if (lines.length + gone.length > known.length) this.#lines.set(graph, [...lines, ...gone]);
    }
    return figures;
  }
}

function isAmong(lines: readonly Line[], { key }: Line): boolean {
  return lines.some((line) => line.key === key);
}
