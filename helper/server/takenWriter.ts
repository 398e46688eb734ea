import type { Writable } from "node:stream";
import { type Message, StreamMessageWriter } from "vscode-jsonrpc/node";
import type { Hold } from "./hold.ts";

/** What one connection's requests and watched tables have on their way at once. */
const mostUntaken = 64;

/**
 * Knows when a client has taken what it was sent. The writer that it is made of gives the stream one message at a time,
 * and keeps all others in a queue that nobody sees: of a client that reads nothing, without bound. So nothing more is
 * heard of who lets too many lie, answers to nonsense included, which no handler of ours gives.
 */
export class TakenWriter extends StreamMessageWriter {
  readonly #hold: Hold;
  #untaken = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(output: Writable, hold: Hold) {
    super(output);
    this.#hold = hold;
  }

  override write(message: Message): Promise<void> {
    const written = super.write(message);
    this.#untaken += 1;
    const taken = () => {
      this.#untaken -= 1;
    };
    this.#last = written.then(taken, taken);
    if (this.#untaken > mostUntaken) this.#hold(this.#last);
    return written;
  }

  /** Resolves when all that was written by now has left, or never will. */
  taken(): Promise<void> {
    return this.#last;
  }
}
