import type { EventData } from "node:test";
import type { TestEvent } from "node:test/reporters";

/** A test that ran somewhere else, as one line of JSON. */
export interface ResultLine {
  readonly file: string;
  /** Of the suites around it, and its own. */
  readonly names: readonly string[];
  readonly failure?: string;
  readonly skipped?: string;
  readonly seconds: number;
}

/** For the stream of events of node:test's `run`. */
export async function* writeResults(source: AsyncIterable<TestEvent>) {
  const path: string[] = [];
  for await (const { type, data } of source) {
    if (type === "test:start") {
      path.length = data.nesting;
      path.push(data.name);
    } else if ((type === "test:pass" || type === "test:fail") && isResult(data)) {
      const names = [...path.slice(0, data.nesting), data.name];
      yield `${JSON.stringify(describeResult(names, data))}\n`;
    }
  }
}

export function readResults(text: string): readonly ResultLine[] {
  // Behind the last end of a line is nothing, or what somebody did not come to write.
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

type Outcome = EventData.TestPass | EventData.TestFail;

/** A suite says nothing that its tests do not say, but where a hook of it failed or none of them ran. */
function isResult(outcome: Outcome): boolean {
  if (outcome.details.type !== "suite") return true;
  return Boolean(outcome.skip) || failureOf(outcome)?.includes("hook") === true;
}

function describeResult(names: readonly string[], outcome: Outcome): ResultLine {
  const { file = "", details, skip } = outcome;
  const failure = failureOf(outcome);
  return {
    file,
    names,
    seconds: details.duration_ms / 1_000,
    ...(failure !== undefined && { failure }),
    ...(skip && { skipped: String(skip) }),
  };
}

/** node:test wraps what a test threw. */
function failureOf({ details }: Outcome): string | undefined {
  if (!("error" in details)) return undefined;
  const { cause, message } = details.error;
  return cause instanceof Error ? `${message}\n${cause.stack}` : message;
}
