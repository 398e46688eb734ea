import { Published, type Send, type Subscriber, type Wanted } from "./published.ts";
import { Running, type Sources } from "./running.ts";

/** What one client watches. */
export interface InventoryWatch {
  /** The whole set of tables from now on, each with the generation that the client has; none stops all work. */
  set(wanted: Wanted): void;
  dispose(): void;
}

/** One reader for all clients of a helper; without any it does nothing. */
export class Inventory {
  readonly #sources: Sources;
  readonly #published = new Published();
  #running: Running | undefined;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  watch(send: Send): InventoryWatch {
    const subscriber = this.#published.subscribe(send);
    return {
      set: (wanted) => this.#set(subscriber, wanted),
      dispose: () => {
        this.#set(subscriber, {});
        this.#published.forget(subscriber);
      },
    };
  }

  #set(subscriber: Subscriber, wanted: Wanted): void {
    subscriber.set(wanted);
    const all = this.#published.wanted;
    if (all.length === 0) {
      this.#running?.dispose();
      this.#running = undefined;
      return;
    }
    this.#running ??= new Running(this.#sources, (rows, host) =>
      this.#published.publishing(rows, host),
    );
    this.#running.set(all);
    // Who begins anew, or asks for it, wants it as it is now.
    if (Object.values(wanted).includes(0)) this.#running.lookAgain();
  }
}
