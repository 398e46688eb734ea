import { setImmediate as nextTurn } from "node:timers/promises";
import type { HostProcess } from "../../protocol/hostTables.ts";
import type { Draft } from "./draft.ts";
import type { Details, Engine, EngineSocket, Found } from "./engine.ts";
import type { Host } from "./facts.ts";
import { claimOf, type MonitorWords } from "./monitors.ts";
import type { Learnt } from "./row.ts";
import { askAll, isDaemon, readableFor, readState } from "./sources.ts";

/** A container, and what was learnt of it in its life: one that was started again under its name is another. */
interface Subject {
  draft: Draft;
  /** Whose files may be read for it; undefined: nobody's, for its engine runs in another container. */
  uid: number | undefined;
  tries: number;
  learnt: Learnt | undefined;
}

/** An engine writes its files about when it starts a container: what told nothing is asked again, twice. */
const mostTries = 3;

/** Looking at a file takes 0.1 ms: others have their turn after so many. */
const filesATurn = 16;

/** Answers of sockets in one round. */
type Answers = Map<string, ReadonlyMap<string, Learnt>>;

/** What files and sockets of engines say of containers, each asked for once in a container's life. */
export class Learning {
  readonly #words: MonitorWords;
  /** By the pid of the topmost process. */
  #subjects = new Map<number, Subject>();
  #daemons: readonly HostProcess[] = [];

  constructor(words: MonitorWords) {
    this.#words = words;
  }

  of({ topmost }: Draft): Learnt | undefined {
    return this.#subjects.get(topmost.pid)?.learnt;
  }

  /** What is there now; what is known of others is forgotten. */
  look(host: Host, drafts: Iterable<Draft>, isInside: (draft: Draft) => boolean): void {
    const subjects = new Map<number, Subject>();
    for (const draft of drafts) {
      const known = this.#subjects.get(draft.topmost.pid);
      const subject =
        known && isSameLife(known.draft, draft)
          ? known
          : { draft, uid: undefined, tries: 0, learnt: undefined };
      subject.draft = draft;
      subject.uid = isInside(draft) ? undefined : readableFor(draft, host);
      subjects.set(draft.topmost.pid, subject);
    }
    this.#subjects = subjects;
    this.#daemons = host.living.filter((process) => isDaemon(process, host));
  }

  /** True: something is known now that was not. */
  async learn(): Promise<boolean> {
    const fresh = [...this.#subjects.values()].filter(isFresh);
    const answers: Answers = new Map();
    let hasLearnt = false;
    for (const [index, subject] of fresh.entries()) {
      if (index % filesATurn === filesATurn - 1) await nextTurn();
      subject.tries += 1;
      const learnt = await this.#ask(subject, answers);
      if (learnt === nothing) continue;
      subject.learnt = learnt;
      hasLearnt = true;
    }
    return hasLearnt;
  }

  async #ask({ draft, uid }: Subject, answers: Answers): Promise<Learnt> {
    const { engine, topmost, monitor, claim } = draft;
    const words = monitor ? this.#words.of(monitor) : [];
    const said = monitor && claimOf(monitor, words, topmost);
    const heard = said && isSame(said.id, claim.id) ? { ...said, evidence: [] } : nothing;
    if (uid === undefined || !engine) return heard;
    const found: Found = {
      id: claim.id,
      topmost,
      monitor: monitor && { process: monitor, words },
      uid,
    };
    const written = merged(readState(engine, found, this.#daemons), heard);
    if (!engine.socket || isWhole(written, draft)) return written;
    const answer = await this.#answersOf(engine, engine.socket, uid, answers);
    return merged(answer.get(claim.id), written);
  }

  async #answersOf({ name }: Engine, socket: EngineSocket, uid: number, answers: Answers) {
    const key = `${name}@${uid}`;
    const known = answers.get(key) ?? (await askAll(socket, uid, this.#daemons));
    answers.set(key, known);
    return known;
  }
}

const nothing: Learnt = { evidence: [] };

function isFresh({ learnt, tries }: Subject): boolean {
  return learnt === undefined && tries < mostTries;
}

function isSameLife(a: Draft, b: Draft): boolean {
  return (
    a.topmost.startTimeTicks === b.topmost.startTimeTicks &&
    a.claim.id === b.claim.id &&
    a.claim.engine === b.claim.engine
  );
}

function merged(strong: Learnt | undefined, weak: Learnt): Learnt {
  if (!strong) return weak;
  return {
    name: strong.name ?? weak.name,
    image: strong.image ?? weak.image,
    pod: strong.pod ?? weak.pod,
    startedAtMs: strong.startedAtMs ?? weak.startedAtMs,
    evidence: [...strong.evidence, ...weak.evidence],
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
