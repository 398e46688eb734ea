import type { NamespaceKeeper } from "../../protocol/hostTables.ts";
import type { NamespaceType } from "../../protocol/namespaces.ts";
import type { NamespaceFile } from "./namespaceFile.ts";

/** Whoever can make namespaces can also hold one open a thousand times: a row names the first of them. */
export const mostKeepers = 32;

/** What was seen of one namespace, in whatever place. */
export interface Sighting {
  readonly type: NamespaceType;
  readonly inode: number;
  readonly keepers: NamespaceKeeper[];
  keepersLeftOut: number;
  /** What opens it, as long as whoever has it is there. */
  file: NamespaceFile | undefined;
}

/** Every namespace that was seen, once. nsfs numbers those of all types together. */
export class Sightings {
  readonly #seen = new Map<number, Sighting>();

  get(inode: number): Sighting | undefined {
    return this.#seen.get(inode);
  }

  /** Of several files the first is used. */
  add(type: NamespaceType, inode: number, file?: NamespaceFile): Sighting {
    const sighting = this.#seen.get(inode) ?? { type, inode, keepers: [], keepersLeftOut: 0, file };
    sighting.file ??= file;
    this.#seen.set(inode, sighting);
    return sighting;
  }

  all(): readonly Sighting[] {
    return [...this.#seen.values()];
  }
}

export function keep(sighting: Sighting, keeper: NamespaceKeeper): void {
  if (sighting.keepers.length < mostKeepers) sighting.keepers.push(keeper);
  else sighting.keepersLeftOut += 1;
}
