import { readOwnedFile } from "../../kernel/ownedFiles.ts";
import type { Evidence, HostProcess } from "../../protocol/hostTables.ts";
import { askService } from "./askService.ts";
import { askSocket } from "./askSocket.ts";
import type {
  Details,
  Engine,
  EngineHost,
  EngineService,
  EngineSocket,
  Found,
  ParseList,
} from "./engine.ts";
import type { EngineNews } from "./news.ts";
import type { Learnt } from "./row.ts";

/** What engines told of a container. */
export interface Told {
  readonly learnt: Learnt;
  /** Files and sockets that told it, and may tell something else later. */
  readonly tellers: ReadonlySet<string>;
}

/** Podman's list of all its containers is the longest of the files. */
const largestFile = 8 * 1024 * 1024;

/** A machine has one daemon; its arguments may name some sockets. */
const mostSockets = 4;

/** One round of questions: what tells of many containers is read, and asked, once. */
export class Round {
  readonly #daemons: readonly HostProcess[];
  readonly #news: EngineNews;
  readonly #lists = new Map<string, ReadonlyMap<string, Details>>();
  readonly #answers = new Map<string, ReadonlyMap<string, Told>>();
  /** Sockets at which nobody is waited for any more. */
  readonly #silent = new Set<string>();

  constructor(daemons: readonly HostProcess[], news: EngineNews) {
    this.#daemons = daemons;
    this.#news = news;
  }

  /** What files of the engine's state say. */
  read({ readState }: Engine, found: Found): Told | undefined {
    const tellers = new Set<string>();
    const file = readState?.(found, this.#host(tellers));
    if (!file) return undefined;
    const { path, ...details } = file;
    const evidence: Evidence = { source: "state file", detail: path };
    return { learnt: { ...details, evidence: [evidence] }, tellers };
  }

  /** What the engine itself answers about a container. */
  async ask(engine: Engine, found: Found): Promise<Told | undefined> {
    if (!mayAsk(found.uid)) return undefined;
    if (engine.service) return this.#call(engine.service, found);
    return (await this.#list(engine, found.uid)).get(found.id);
  }

  async #call({ call, parse }: EngineService, found: Found): Promise<Told | undefined> {
    const asked = call(found);
    if (!asked || this.#silent.has(asked.path)) return undefined;
    const answer = await askService(asked.path, found.uid, asked);
    if (!answer) this.#silent.add(asked.path);
    const details = answer && parse(answer);
    if (!details || !saysAnything(details)) return undefined;
    const evidence: Evidence = { source: "engine's socket", detail: asked.path };
    return { learnt: { ...details, evidence: [evidence] }, tellers: new Set() };
  }

  async #list({ name, socket }: Engine, uid: number): Promise<ReadonlyMap<string, Told>> {
    const key = `${name}@${uid}`;
    const known = this.#answers.get(key);
    if (known || !socket) return known ?? new Map();
    const answers = await this.#askAll(socket, uid);
    this.#answers.set(key, answers);
    return answers;
  }

  #host(tellers: Set<string>): EngineHost {
    return {
      daemons: this.#daemons,
      read: readFile,
      readChanging: (path, uid) => {
        const text = this.#readChanging(path, uid);
        if (text !== undefined) tellers.add(path);
        return text;
      },
      readList: (path, uid, parse) => {
        const list = this.#readList(path, uid, parse);
        if (list.size > 0) tellers.add(path);
        return list;
      },
    };
  }

  #readChanging(path: string, uid: number): string | undefined {
    this.#news.watchFile(path, uid);
    return readFile(path, uid);
  }

  #readList(path: string, uid: number, parse: ParseList): ReadonlyMap<string, Details> {
    const key = `${uid} ${path}`;
    const list = this.#lists.get(key) ?? parse(this.#readChanging(path, uid));
    this.#lists.set(key, list);
    return list;
  }

  async #askAll({ paths, request, events, parse }: EngineSocket, uid: number) {
    const found = new Map<string, Told>();
    for (const path of paths(this.#daemons, uid).slice(0, mostSockets)) {
      if (events !== undefined) await this.#news.listen(path, uid, events);
      const evidence: Evidence = { source: "engine's socket", detail: path };
      for (const [id, details] of parse(await askSocket(path, uid, request))) {
        const learnt = { ...details, evidence: [evidence] };
        found.set(id, { learnt, tellers: new Set([path]) });
      }
    }
    return found;
  }
}

function saysAnything(details: Details): boolean {
  return Object.values(details).some((detail) => detail !== undefined);
}

function readFile(path: string, uid: number): string | undefined {
  return readOwnedFile(path, uid, largestFile);
}

/** Root's engine, and the helper's own user's: another user's is nothing to talk to. */
function mayAsk(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}
