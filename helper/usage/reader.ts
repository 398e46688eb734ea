import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { PlacedCgroup } from "../limits/target.ts";
import type { UsageSample } from "../protocol/usage.ts";
import type { FilesAbove } from "./above.ts";
import { Figures, groupsOf } from "./figures.ts";
import type { UsageFile } from "./files.ts";
import { closeFile, openFile, type ReadableFile, readText } from "./readable.ts";

export type CgroupUsage = Pick<UsageSample, "identity"> & ReturnType<typeof groupsOf>;

/** What changes seldom, and is not kept open, may be this many rounds old. */
const longerRounds = 20;
let readers = 0;

/**
 * The files that a reader keeps open: opening one costs ten times as much as reading it, but each that is open
 * takes a descriptor and a page of the kernel's memory.
 */
export type Kept = "all" | "often" | "none";

interface Source extends ReadableFile {
  readonly directory: string;
  readonly row: UsageFile;
  /** The same file of the cgroup above, where it may tell that this one says what it said. */
  readonly above: string | undefined;
  /** What was read last, and when; only where there is one above. */
  text: string | undefined;
  readAtMs: number;
}

/** Reads the same files of one cgroup, in all its hierarchies, again and again. */
export class UsageReader {
  /** None of the files is there, or may be read. */
  readonly isEmpty: boolean;
  /** None is read in every round, which would tell that the cgroup is gone. */
  readonly #isQuiet: boolean;
  readonly #often: readonly Source[];
  readonly #seldom: readonly Source[];
  readonly #figures = new Figures();
  readonly #directories: readonly string[];
  readonly #identity: string;
  readonly #kept: Kept;
  readonly #above: FilesAbove;
  /** Not all readers of a helper have their longer round at once. */
  readonly #turn: number;
  #round = 0;

  constructor(
    cgroups: readonly PlacedCgroup[],
    rows: readonly UsageFile[],
    kept: Kept,
    above: FilesAbove,
  ) {
    const sources = sourcesOf(tellingApart(cgroups), rows, kept);
    this.#often = sources.filter(({ row }) => !row.seldom || kept === "all");
    this.#seldom = sources.filter(({ row }) => row.seldom && kept !== "all");
    this.isEmpty = sources.length === 0;
    this.#isQuiet = this.#often.every(({ above }) => above !== undefined);
    // Where there is nothing to read, the directory alone tells that it is gone.
    const watched = this.isEmpty ? cgroups.filter(isThere) : sources;
    this.#directories = [...new Set(watched.map(({ directory }) => directory))];
    this.#identity = this.#readIdentity();
    this.#turn = readers % longerRounds;
    readers += 1;
    this.#kept = kept;
    this.#above = above;
    for (const { above: path } of sources) if (path !== undefined) above.join(path);
  }

  /** Descriptors that it holds. */
  get descriptors(): number {
    return this.#kept === "none" ? 0 : this.#often.length;
  }

  /** Undefined: the cgroup was removed, also where another was made in its place since. */
  read(): CgroupUsage | undefined {
    const figures = this.#figures;
    const isLonger = this.#round === 0 || this.#round % longerRounds === this.#turn;
    const seldom = isLonger ? this.#seldom : [];
    this.#round += 1;
    figures.beginRound();
    // By a path another cgroup may be found; those that are kept open answer ENODEV when theirs was removed.
    if (!this.#readAll(seldom, true) || !this.#readAll(this.#often, isLonger)) return undefined;
    if ((this.#isQuiet || this.#kept === "none") && !this.#isTheSame()) return undefined;
    return { identity: this.#identity, ...groupsOf(figures) };
  }

  dispose(): void {
    for (const source of this.#often) {
      closeFile(source);
      if (source.above !== undefined) this.#above.leave(source.above);
    }
  }

  /** False where one is gone. */
  #readAll(sources: readonly Source[], evenTheSame: boolean): boolean {
    for (const source of sources) {
      if (source.row.follows && !evenTheSame && this.#figures.standStill) continue;
      const text = this.#textOf(source, evenTheSame);
      if (text === undefined) return false;
      source.row.parse(text, this.#figures);
    }
    return true;
  }

  #textOf(source: Source, evenTheSame: boolean): string | undefined {
    const { row, above, text, readAtMs } = source;
    if (above === undefined) return readText(source);
    const isSame = row.grows?.(text ?? "") && this.#above.saysTheSameSince(above, readAtMs);
    if (isSame && !evenTheSame) return text;
    source.readAtMs = performance.now();
    source.text = readText(source);
    return source.text;
  }

  #isTheSame(): boolean {
    try {
      return this.#readIdentity() === this.#identity;
    } catch {
      return false;
    }
  }

  /** Numbers that kernfs does not give out again soon: include/linux/kernfs.h, kernfs_node.id. */
  #readIdentity(): string {
    return this.#directories.map((path) => statSync(path, { bigint: true }).ino).join(".");
  }
}

function isThere({ directory }: PlacedCgroup): boolean {
  return existsSync(directory);
}

/**
 * A process may be in a cgroup of its own in some hierarchies and in the root of others, whose figures are the
 * whole machine's: systemd makes such ones on hybrid hosts, systemd-nspawn does it the other way round.
 */
function tellingApart(cgroups: readonly PlacedCgroup[]): readonly PlacedCgroup[] {
  const counting = cgroups.filter(
    ({ hierarchy }) => hierarchy.version === 2 || hierarchy.controllers.length > 0,
  );
  const apart = counting.filter(({ directory, hierarchy }) => directory !== hierarchy.mountPoint);
  return apart.length > 0 ? apart : counting;
}

/** The rows in their order; what one gives is not read a second time from another. */
function sourcesOf(
  cgroups: readonly PlacedCgroup[],
  rows: readonly UsageFile[],
  kept: Kept,
): readonly Source[] {
  const given = new Set<string>();
  return rows.flatMap((row): readonly Source[] => {
    const cgroup = cgroups.find(({ hierarchy }) => has(hierarchy, row));
    if (!cgroup || row.gives.every((figure) => given.has(figure))) return [];
    const keepOpen = kept === "all" || (kept === "often" && !row.seldom);
    const file = openFile(join(cgroup.directory, row.file), keepOpen);
    if (!file) return [];
    for (const figure of row.gives) given.add(figure);
    const { directory } = cgroup;
    const above = row.grows && fileAbove(cgroup, row.file);
    return [{ ...file, directory, row, above, text: undefined, readAtMs: 0 }];
  });
}

/** The top counts in its own way: version 2 has there what the disks themselves counted. */
function fileAbove({ directory, hierarchy }: PlacedCgroup, file: string): string | undefined {
  const parent = dirname(directory);
  const isBelowTop = parent.startsWith(`${hierarchy.mountPoint}/`);
  return isBelowTop ? join(parent, file) : undefined;
}

function has({ version, controllers }: PlacedCgroup["hierarchy"], row: UsageFile): boolean {
  if (version !== row.version) return false;
  return row.controller === undefined || controllers.includes(row.controller);
}
