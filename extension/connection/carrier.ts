import type { Readable, Writable } from "node:stream";
import type { ObstacleName } from "./obstacles.ts";

/** What carries a helper's messages: the pipes of a process, or a socket. */
export interface Carrier {
  readonly input: Readable;
  readonly output: Writable;
  /** The helper at the other end has ended, whatever its stream says. */
  onEnd(listener: () => void): void;
  end(): void;
  /** Of a start that came to nothing: what stood in its way; undefined where its own words say all. */
  obstacle(): Promise<ObstacleName | undefined>;
}
