import type { NamespaceKeeper } from "../../protocol/hostTables.ts";
import type { NamespaceType } from "../../protocol/namespaces.ts";

/** Whoever can make namespaces can also hold one open a thousand times: a row names the first of them. */
export const mostKeepers = 32;

/** What was seen of one namespace, in whatever place. */
export interface Sighting {
  readonly type: NamespaceType;
  readonly inode: number;
  readonly keepers: NamespaceKeeper[];
  keepersLeftOut: number;
  /** A file of nsfs that opens it, as long as whoever keeps it is there. */
  path: string | undefined;
}

/** Every namespace that was seen, once. */
export class Sightings {
  readonly #seen = new Map<string, Sighting>();

  /** `path`: where it can be opened; the first that is given is used. */
  add(type: NamespaceType, inode: number, keeper?: NamespaceKeeper, path?: string): Sighting {
    const key = `${type}:${inode}`;
    let sighting = this.#seen.get(key);
    if (!sighting) {
      sighting = { type, inode, keepers: [], keepersLeftOut: 0, path };
      this.#seen.set(key, sighting);
    }
    sighting.path ??= path;
    if (keeper && sighting.keepers.length < mostKeepers) sighting.keepers.push(keeper);
    else if (keeper) sighting.keepersLeftOut += 1;
    return sighting;
  }

  has(type: NamespaceType, inode: number): boolean {
    return this.#seen.has(`${type}:${inode}`);
  }

  all(): readonly Sighting[] {
    return [...this.#seen.values()];
  }
}
