import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { connectClient } from "../../helper/cli/connect.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { SandboxSummary } from "../../helper/protocol/inventory.ts";
import type { HelperClient } from "../../helper/protocol/methods.ts";
import { spawnHelper } from "./helper-process.ts";
import { type Fate, makings, type Request, triedPids, uses } from "./kill-requests.ts";
import { pickFrom, type Random } from "./random.ts";

/** The part of the helpers that are killed while they start. */
const killedEarly = 0.15;
/** The others are killed within this part of the time that a start takes, which is three or four requests. */
const killedWithin = 0.5;
const mostSandboxes = 4;

/**
 * One editor window whose helper is killed again and again, and what it knows of its sandboxes: an answer that came
 * binds whatever helper comes next; what was asked and not answered may have happened or not.
 */
export class KillWindow {
  readonly #title: string;
  readonly #random: Random;
  readonly #fates = new Map<string, Fate>();
  #named = 0;
  /** Of the last start: a machine that is slow, or made to be, is given time. */
  #startMs = 100;
  /** Kills that met a helper in the middle of each kind of request, and of its start. */
  readonly met = new Map<string, number>();

  /** `title`: what the names of its sandboxes begin with. */
  constructor(title: string, random: Random) {
    this.#title = title;
    this.#random = random;
  }

  /** Starts a helper, holds it to what its forerunners answered, asks it for things, and kills it meanwhile. */
  async round(): Promise<void> {
    const child = spawnHelper();
    child.stderr.resume();
    const ended = once(child, "exit");
    const killWithin = async (ms: number) => {
      await sleep(this.#random() * ms);
      child.kill("SIGKILL");
    };
    try {
      const begunMs = performance.now();
      if (this.#random() < killedEarly) void killWithin(this.#startMs);
      const client = await connectClient({ input: child.stdout, output: child.stdin }, "test");
      this.#startMs = performance.now() - begunMs;
      void killWithin(killedWithin * this.#startMs);
      await this.#use(client);
    } catch (error) {
      if (!child.killed || !isHelperGone(error)) throw error;
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
  }

  /** Holds a list to what was answered; what was not is known from then on. */
  check(sandboxes: readonly SandboxSummary[]): void {
    const there = new Map(
      sandboxes.filter(({ name }) => name.startsWith(this.#title)).map((one) => [one.name, one]),
    );
    for (const [name, fate] of this.#fates) {
      if (fate === "there" && !there.has(name)) throw new Error(`${name} is lost`);
      if (!there.has(name)) this.#fates.delete(name);
    }
    for (const sandbox of there.values()) {
      const wrong = wrongIn(sandbox, this.#fates.get(sandbox.name));
      if (wrong !== undefined) throw new Error(`${sandbox.name} ${wrong}`);
      this.#fates.set(sandbox.name, "there");
    }
  }

  async #use(client: HelperClient): Promise<never> {
    this.check(await this.#count("list", client.request("sandbox/list", {})));
    for (;;) {
      const { what, target, whenAnswered, send } = this.#next();
      if (this.#fates.get(target) !== whenAnswered) this.#fates.set(target, "either");
      await this.#count(what, send(client));
      this.#fates.set(target, whenAnswered);
    }
  }

  #next(): Request {
    const targets = [...this.#fates].flatMap(([name, fate]) => (fate === "there" ? name : []));
    const isRoom = targets.length < mostSandboxes;
    const works = targets.length === 0 || (isRoom && this.#random() < 0.4) ? makings : uses;
    const target =
      works === makings ? `${this.#title}${this.#named++}` : pickFrom(this.#random, targets);
    return pickFrom(this.#random, works)(target);
  }

  async #count<T>(what: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      this.met.set(what, (this.met.get(what) ?? 0) + 1);
      throw error;
    }
  }
}

function wrongIn({ state, limits }: SandboxSummary, fate: Fate | undefined): string | undefined {
  if (fate === undefined) return "is there, and nobody asked for it or it was removed";
  if (state === "creating") return "was left half made";
  const isTried = limits.some(({ limit, value }) => limit === "pidsMax" && value === triedPids);
  return isTried ? "still has the limit that its dead helper tried out" : undefined;
}

function isHelperGone(error: unknown): boolean {
  return TerrariumError.is(error, "helperFailed") && error.message.includes("ended before");
}
