import { watchOwnedFile } from "../../kernel/ownedFiles.ts";
import { hearSocket } from "./hearSocket.ts";

/** Docker writes a file a container. Each is a watch of inotify, of which cgroups take twice as many. */
const mostHeard = 2_048;

/** By path: the file or the socket of an engine. */
type OnNews = (path: string) => void;

/**
 * What engines say after they were asked: a file that is written anew, an event on a socket. While nobody follows
 * nothing is watched and nothing is open.
 */
export class EngineNews {
  readonly #followers = new Set<OnNews>();
  /** How each is let go of. */
  readonly #heard = new Map<string, () => void>();

  follow(onNews: OnNews): () => void {
    this.#followers.add(onNews);
    return () => {
      this.#followers.delete(onNews);
      if (this.#followers.size > 0) return;
      for (const path of [...this.#heard.keys()]) this.#letGo(path);
    };
  }

  get isFollowed(): boolean {
    return this.#followers.size > 0;
  }

  /** A change would be told. */
  isHeard(path: string): boolean {
    return this.#heard.has(path);
  }

  /** To be called before a file is read, so that no change falls in between. Its first change is the last one heard. */
  watchFile(path: string, uid: number): void {
    if (!this.#isWanted(path)) return;
    const end = watchOwnedFile(path, uid, () => {
      this.#letGo(path);
      this.#tell(path);
    });
    if (end) this.#heard.set(path, end);
  }

  /** The same of a socket: listens before it is asked. */
  async listen(path: string, uid: number, events: string): Promise<void> {
    if (!this.#isWanted(path)) return;
    const end = await hearSocket(path, uid, events, {
      onNews: () => this.#tell(path),
      onEnd: () => this.#letGo(path),
    });
    if (!end) return;
    this.#heard.set(path, end);
    if (!this.isFollowed) this.#letGo(path);
  }

  #isWanted(path: string): boolean {
    return this.isFollowed && !this.#heard.has(path) && this.#heard.size < mostHeard;
  }

  #letGo(path: string): void {
    const end = this.#heard.get(path);
    this.#heard.delete(path);
    end?.();
  }

  #tell(path: string): void {
    for (const follower of this.#followers) follower(path);
  }
}
