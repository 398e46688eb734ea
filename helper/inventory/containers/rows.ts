import { type HostContainer, tableKeys } from "../../protocol/hostTables.ts";
import type { OwnDirectories } from "./directories.ts";
import type { Draft } from "./draft.ts";
import type { Host } from "./facts.ts";
import type { Nesting } from "./nesting.ts";
import { type RowContext, rowOf } from "./row.ts";

type Kept = Pick<RowContext, "learnt" | "startedAtMs">;

/** Rows, those around before those inside, whose keys name them. */
export class Rows {
  readonly #host: Host;
  readonly #nesting: Nesting;
  readonly #directories: OwnDirectories;
  readonly #kept: (draft: Draft) => Kept;
  readonly #keys = new Map<Draft, string>();
  readonly #rows = new Map<string, HostContainer>();

  constructor(
    host: Host,
    nesting: Nesting,
    directories: OwnDirectories,
    kept: (draft: Draft) => Kept,
  ) {
    this.#host = host;
    this.#nesting = nesting;
    this.#directories = directories;
    this.#kept = kept;
  }

  /** The key of its row. Two that cannot be told apart are one. */
  add(draft: Draft): string {
    const known = this.#keys.get(draft);
    if (known !== undefined) return known;
    const around = this.#nesting.around(draft);
    const cgroups = this.#directories.of(draft);
    const row = rowOf(draft, {
      ...this.#kept(draft),
      host: this.#host,
      parent: around && this.add(around),
      around: around?.topmost,
      cgroups,
      isPaused: this.#directories.isPaused(cgroups),
    });
    const key = tableKeys.containers(row);
    this.#keys.set(draft, key);
    if (!this.#rows.has(key)) this.#rows.set(key, row);
    return key;
  }

  all(): readonly HostContainer[] {
    return [...this.#rows.values()];
  }
}
