import { ageMs, sinceBootMs } from "../../kernel/procfs.ts";
import type { HostContainer, HostProcess } from "../../protocol/hostTables.ts";
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

/** Finds the containers of a host, and remembers what it has read of those that are still there. */
export class ContainerFinder {
  readonly #chains = new CgroupChains();
  readonly #words = new MonitorWords();
  readonly #states = new EngineStates();
  readonly #learning = new Learning(this.#words);
  #enriching: Promise<boolean> | undefined;
  /** Read once, for a clock that is read again would change rows. */
  readonly #bootedAtMs = Date.now() - ageMs(0);

  /**
   * All that the facts tell. Nothing is waited for: of files it reads arguments of monitors and the states of
   * engines that leave no other trace, each once and a bounded number at a time.
   */
  find(facts: ContainerFacts): FoundContainers {
    const host = new Host(facts);
    const linkAt = this.#chains.begin(facts);
    this.#words.begin();
    const { drafts, nesting } = recognise(host, {
      linkAt,
      words: this.#words,
      states: this.#states,
    });
    const members = membersOf(facts.processes, nesting);
    const directories = new OwnDirectories(facts, linkAt);
    directories.count(
      drafts.filter(({ link }) => !link),
      members,
    );
    this.#learning.look(host, drafts, (draft) => nesting.around(draft) !== undefined);
    const rows = new Rows(host, nesting, directories, (draft) => ({
      learnt: this.#learning.of(draft),
      startedAtMs: this.#startedAtMs(draft.topmost),
    }));
    for (const draft of drafts) rows.add(draft);
    const containerOf = new Map<number, string>();
    for (const [{ pid }, draft] of members) containerOf.set(pid, rows.add(draft));
    return { containers: rows.all(), containerOf };
  }

  /**
   * Asks the files and sockets of engines about containers that were new at the last look. True: something was
   * learnt, and the next look will show it. Does nothing when nothing is new.
   */
  enrich(): Promise<boolean> {
    const isUnfinished = this.#states.isUnfinished;
    this.#enriching ??= this.#learning.learn().finally(() => {
      this.#enriching = undefined;
    });
    return this.#enriching.then((hasLearnt) => hasLearnt || isUnfinished);
  }

  #startedAtMs({ startTimeTicks }: HostProcess): number {
    return Math.round(this.#bootedAtMs + sinceBootMs(startTimeTicks));
  }
}

function membersOf(processes: readonly HostProcess[], nesting: Nesting) {
  const members = new Map<HostProcess, Draft>();
  for (const process of processes) {
    const draft = process.isKernelThread ? undefined : nesting.of(process);
    if (draft) members.set(process, draft);
  }
  return members;
}
