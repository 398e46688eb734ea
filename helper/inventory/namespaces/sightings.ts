import { ByInode } from "../../kernel/byInode.ts";
import type { Lineage } from "../../kernel/taskTable.ts";
import type { HostNamespace, NamespaceKeeper } from "../../protocol/hostTables.ts";
import { type NamespaceType, namespaceTypes } from "../../protocol/namespaces.ts";
import type { NamespaceFile } from "./namespaceFile.ts";

/** Whoever can make namespaces can also hold one open a thousand times: a row names the first of them. */
export const mostKeepers = 32;

/** One namespace: what was seen of it, in whatever place, and what came of that. */
export interface Sighting {
  readonly type: NamespaceType;
  readonly inode: number;
  readonly keepers: NamespaceKeeper[];
  keepersLeftOut: number;
  /** What opens it, as long as whoever has it is there. */
  file: NamespaceFile | undefined;
  lineage: Lineage | undefined;
  row: HostNamespace | undefined;
}

/** Every namespace that was seen, once. nsfs numbers those of all types together. */
export class Sightings {
  readonly #seen = new ByInode<Sighting>();
  readonly #ofType = new Map(namespaceTypes.map((type): [NamespaceType, Sighting[]] => [type, []]));

  get(inode: number): Sighting | undefined {
    return this.#seen.get(inode);
  }

  /** Of several files the first is used. */
  add(type: NamespaceType, inode: number, file?: NamespaceFile): Sighting {
    const known = this.#seen.get(inode);
    if (known) {
      known.file ??= file;
      return known;
    }
    const sighting: Sighting = {
      type,
      inode,
      keepers: [],
      keepersLeftOut: 0,
      file,
      lineage: undefined,
      row: undefined,
    };
    this.#seen.set(inode, sighting);
    this.#ofType.get(type)?.push(sighting);
    return sighting;
  }

  /** In the order in which they were seen; of what is seen meanwhile, too. */
  all(): Iterable<Sighting> {
    return this.#seen.values();
  }

  /** By type, as everywhere, and number. */
  inOrder(): readonly Sighting[] {
    return [...this.#ofType.values()].flatMap((all) => all.toSorted((a, b) => a.inode - b.inode));
  }
}

export function keep(sighting: Sighting, keeper: NamespaceKeeper): void {
  if (sighting.keepers.length < mostKeepers) sighting.keepers.push(keeper);
  else sighting.keepersLeftOut += 1;
}
