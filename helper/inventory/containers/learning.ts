import { setImmediate as nextTurn } from "node:timers/promises";
import type { HostProcess } from "../../protocol/hostTables.ts";
import { isSameRow } from "../../protocol/tableChanges.ts";
import type { Draft } from "./draft.ts";
import type { Details, Found } from "./engine.ts";
import type { Host } from "./facts.ts";
import { claimOf, type MonitorWords } from "./monitors.ts";
import { EngineNews } from "./news.ts";
import { Round, type Told } from "./round.ts";
import type { Learnt } from "./row.ts";
import { isDaemon, readableFor } from "./sources.ts";

/** A container, and what was learnt of it in its life: one that was started again under its name is another. */
interface Subject {
  draft: Draft;
  /** Whose files may be read for it; undefined: nobody's, for its engine runs in another container. */
  uid: number | undefined;
  tries: number;
  told: Told | undefined;
  /** Who told of it has something new to tell. */
  isStale: boolean;
  /** By performance.now(). */
  askedAtMs: number;
}

/** An engine writes its files about when it starts a container: what told nothing is asked again, twice. */
const mostTries = 3;

/** Looking at a file takes 0.1 ms: others have their turn after so many. */
const filesATurn = 16;

/** Who does not say that there is something new (there are too many, a daemon was started anew) is asked from time to time. */
const unheardMs = 30_000;

/**
 * What files and sockets of engines say of containers, each asked for once in a container's life, and once more when
 * they say that it is something else.
 */
export class Learning {
  readonly #words: MonitorWords;
  readonly #news = new EngineNews();
  /** By the pid of the topmost process. */
  #subjects = new Map<number, Subject>();
  #daemons: readonly HostProcess[] = [];

  constructor(words: MonitorWords) {
    this.#words = words;
  }

  of({ topmost }: Draft): Learnt | undefined {
    return this.#subjects.get(topmost.pid)?.told?.learnt;
  }

  /** What is there now; what is known of others is forgotten. */
  look(host: Host, drafts: Iterable<Draft>, isInside: (draft: Draft) => boolean): void {
    const subjects = new Map<number, Subject>();
    for (const draft of drafts) {
      const known = this.#subjects.get(draft.topmost.pid);
      const subject = known && isSameLife(known.draft, draft) ? known : newSubject(draft);
      subject.draft = draft;
      subject.uid = isInside(draft) ? undefined : readableFor(draft, host);
      subjects.set(draft.topmost.pid, subject);
    }
    this.#subjects = subjects;
    this.#daemons = host.living.filter((process) => isDaemon(process, host));
  }

  /** Calls when learn() has something to ask again, until what it answers is called. */
  follow(onNews: () => void): () => void {
    // Of what was told while nobody followed no change was heard.
    for (const subject of this.#subjects.values()) subject.isStale = isTold(subject);
    return this.#news.follow((path) => {
      if (this.#markStale(path)) onNews();
    });
  }

  /** True: something is known now that was not. */
  async learn(): Promise<boolean> {
    const fresh = [...this.#subjects.values()].filter((subject) => this.#isFresh(subject));
    const round = new Round(this.#daemons, this.#news);
    let hasLearnt = false;
    for (const [index, subject] of fresh.entries()) {
      if (index % filesATurn === filesATurn - 1) await nextTurn();
      if (await this.#learnOf(subject, round)) hasLearnt = true;
    }
    return hasLearnt;
  }

  async #learnOf(subject: Subject, round: Round): Promise<boolean> {
    subject.tries += 1;
    subject.isStale = false;
    subject.askedAtMs = performance.now();
    const told = await this.#ask(subject, round);
    if (told === nothing) return false;
    const isNew = !isSameRow(subject.told?.learnt, told.learnt);
    subject.told = told;
    return isNew;
  }

  async #ask({ draft, uid }: Subject, round: Round): Promise<Told> {
    const { engine, topmost, monitor, claim } = draft;
    const words = monitor ? this.#words.of(monitor) : [];
    const said = monitor && claimOf(monitor, words, topmost);
    const heard =
      said && isSame(said.id, claim.id)
        ? { learnt: { ...said, evidence: [] }, tellers: nobody }
        : nothing;
    if (uid === undefined || !engine) return heard;
    const found: Found = {
      id: claim.id,
      topmost,
      monitor: monitor && { process: monitor, words },
      uid,
    };
    const written = merged(round.read(engine, found), heard);
    if (isWhole(written.learnt, draft)) return written;
    return merged(await round.ask(engine, found), written);
  }

  #isFresh(subject: Subject): boolean {
    if (!subject.told) return subject.tries < mostTries;
    return subject.isStale || (this.#news.isFollowed && this.#isUnheard(subject));
  }

  #isUnheard({ told, askedAtMs }: Subject): boolean {
    if (performance.now() - askedAtMs < unheardMs) return false;
    return [...(told?.tellers ?? [])].some((path) => !this.#news.isHeard(path));
  }

  #markStale(path: string): boolean {
    let isAny = false;
    for (const subject of this.#subjects.values()) {
      if (!subject.told?.tellers.has(path)) continue;
      subject.isStale = true;
      isAny = true;
    }
    return isAny;
  }
}

const nobody: ReadonlySet<string> = new Set();
const nothing: Told = { learnt: { evidence: [] }, tellers: nobody };

function newSubject(draft: Draft): Subject {
  return { draft, uid: undefined, tries: 0, told: undefined, isStale: false, askedAtMs: 0 };
}

function isTold({ told }: Subject): boolean {
  return told !== undefined && told.tellers.size > 0;
}

function isSameLife(a: Draft, b: Draft): boolean {
  return (
    a.topmost.startTimeTicks === b.topmost.startTimeTicks &&
    a.claim.id === b.claim.id &&
    a.claim.engine === b.claim.engine
  );
}

function merged(strong: Told | undefined, weak: Told): Told {
  if (!strong) return weak;
  const [first, second] = [strong.learnt, weak.learnt];
  return {
    learnt: {
      name: first.name ?? second.name,
      image: first.image ?? second.image,
      pod: first.pod ?? second.pod,
      startedAtMs: first.startedAtMs ?? second.startedAtMs,
      evidence: [...first.evidence, ...second.evidence],
    },
    tellers: new Set([...strong.tellers, ...weak.tellers]),
  };
}

/** Of a pod the cgroup has told the id: its name is still wanted. */
function isWhole({ name, image, pod }: Details, { claim }: Draft): boolean {
  return name !== undefined && image !== undefined && (!claim.pod || pod !== undefined);
}

/** A runtime's id may stand behind its namespace: `default/web`. */
function isSame(said: string, id: string): boolean {
  return said === id || said.endsWith(`/${id}`);
}
