import { ageMs, sinceBootMs } from "../../kernel/procfs.ts";
import type { HostContainer, HostProcess } from "../../protocol/hostTables.ts";
import { atOnce, type Steps } from "../turns.ts";
import { CgroupChains } from "./chains.ts";
import { OwnDirectories } from "./directories.ts";
import type { Draft } from "./draft.ts";
import { type ContainerFacts, Host } from "./facts.ts";
import { recognise } from "./find.ts";
import { Learning } from "./learning.ts";
import { MonitorWords } from "./monitors.ts";
import type { Nesting } from "./nesting.ts";
import { Rows } from "./rows.ts";
import { EngineStates } from "./states.ts";

export interface FoundContainers {
  /** Each under a key of its own. */
  readonly containers: readonly HostContainer[];
  /** Key of the innermost container that a process is in, by the process's pid. */
  readonly containerOf: ReadonlyMap<number, string>;
}

const processesAStep = 64;

/** Finds the containers of a host, and remembers what it has read of those that are still there. */
export class ContainerFinder {
  readonly #chains = new CgroupChains();
  readonly #words = new MonitorWords();
  readonly #states = new EngineStates();
  readonly #learning = new Learning(this.#words);
  #enriching: Promise<boolean> | undefined;
  /** Read once, for a clock that is read again would change rows. */
  readonly #bootedAtMs = Date.now() - ageMs(0);

  find(facts: ContainerFacts): FoundContainers {
    return atOnce(this.steps(facts));
  }

  /**
   * All that the facts tell. Nothing is waited for: of files it reads arguments of monitors and the states of
   * engines that leave no other trace, each once and a bounded number at a time.
   */
  *steps(facts: ContainerFacts): Steps<FoundContainers> {
    const host = new Host(facts);
    const linkAt = this.#chains.begin(facts);
    this.#words.begin();
    yield;
    const { drafts, nesting } = yield* recognise(host, {
      linkAt,
      words: this.#words,
      states: this.#states,
    });
    const members = yield* membersOf(facts.processes, nesting);
    const directories = new OwnDirectories(facts, linkAt);
    directories.count(
      drafts.filter(({ link }) => !link),
      members,
    );
    yield;
    this.#learning.look(host, drafts, (draft) => nesting.around(draft) !== undefined);
    const rows = new Rows(host, nesting, directories, (draft) => ({
      learnt: this.#learning.of(draft),
      startedAtMs: this.#startedAtMs(draft.topmost),
    }));
    for (const draft of drafts) {
      rows.add(draft);
      yield;
    }
    const containerOf = new Map<number, string>();
    for (const [{ pid }, draft] of members) containerOf.set(pid, rows.add(draft));
    yield;
    return { containers: rows.all(), containerOf };
  }

  /**
   * Asks the files and sockets of engines about containers that were new at the last look. True: something was
   * learnt, and the next look will show it. Does nothing when nothing is new.
   */
  async enrich(): Promise<boolean> {
    const isUnfinished = this.#states.isUnfinished;
    const asking = this.#askAfter(this.#enriching);
    this.#enriching = asking;
    const hasLearnt = await asking;
    if (this.#enriching === asking) this.#enriching = undefined;
    return hasLearnt || isUnfinished;
  }

  /** Calls when enrich() has something to ask again, as after `docker rename`, until what it answers is called. */
  follow(onNews: () => void): () => void {
    return this.#learning.follow(onNews);
  }

  /** One after the other: what is new since the one before began is asked then. */
  async #askAfter(before: Promise<boolean> | undefined): Promise<boolean> {
    const hadLearnt = (await before) ?? false;
    return (await this.#learning.learn()) || hadLearnt;
  }

  #startedAtMs({ startTimeTicks }: HostProcess): number {
    return Math.round(this.#bootedAtMs + sinceBootMs(startTimeTicks));
  }
}

function* membersOf(
  processes: readonly HostProcess[],
  nesting: Nesting,
): Steps<ReadonlyMap<HostProcess, Draft>> {
  const members = new Map<HostProcess, Draft>();
  for (const [place, process] of processes.entries()) {
    const draft = process.isKernelThread ? undefined : nesting.of(process);
    if (draft) members.set(process, draft);
    if (place % processesAStep === 0) yield;
  }
  return members;
}
