import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { PlacedCgroup } from "../limits/target.ts";
import type { UsageSample } from "../protocol/usage.ts";
import { Figures, groupsOf } from "./figures.ts";
import type { UsageFile } from "./files.ts";
import { closeFile, openFile, type ReadableFile, readText } from "./readable.ts";

export type CgroupUsage = Pick<UsageSample, "identity"> & ReturnType<typeof groupsOf>;

/** What changes seldom, and is not kept open, may be this many rounds old. */
const longerRounds = 20;

/**
 * The files that a reader keeps open: opening one costs ten times as much as reading it, but each that is open
 * takes a descriptor and a page of the kernel's memory.
 */
export type Kept = "all" | "often" | "none";

interface Source extends ReadableFile {
  readonly directory: string;
  readonly row: UsageFile;
}

/** Reads the same files of one cgroup, in all its hierarchies, again and again. */
export class UsageReader {
  /** None of the files is there, or may be read. */
  readonly isEmpty: boolean;
  readonly #often: readonly Source[];
  readonly #seldom: readonly Source[];
  readonly #figures = new Figures();
  readonly #directories: readonly string[];
  readonly #identity: string;
  readonly #kept: Kept;
  /** Not all readers of a helper have their longer round at once. */
  readonly #turn: number;
  #round = 0;

  constructor(cgroups: readonly PlacedCgroup[], rows: readonly UsageFile[], kept: Kept) {
    const sources = sourcesOf(tellingApart(cgroups), rows, kept);
    this.#often = sources.filter(({ row }) => !row.seldom || kept === "all");
    this.#seldom = sources.filter(({ row }) => row.seldom && kept !== "all");
    this.isEmpty = sources.length === 0;
    // Where there is nothing to read, the directory alone tells that it is gone.
    const watched = this.isEmpty ? cgroups.filter(isThere) : sources;
    this.#directories = [...new Set(watched.map(({ directory }) => directory))];
    this.#identity = this.#readIdentity();
    this.#turn = Number(this.#identity.at(-1) ?? 0) % longerRounds;
    this.#kept = kept;
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
    if (!readAll(this.#often, figures, isLonger) || !readAll(seldom, figures, true))
      return undefined;
    // A descriptor answers ENODEV then, but by a path another cgroup may be found.
    const byPath = this.isEmpty || this.#kept === "none" || seldom.length > 0;
    if (byPath && !this.#isTheSame()) return undefined;
    return { identity: this.#identity, ...groupsOf(figures) };
  }

  dispose(): void {
    for (const source of this.#often) closeFile(source);
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

function readAll(sources: readonly Source[], figures: Figures, evenTheSame: boolean): boolean {
  for (const source of sources) {
    if (source.row.follows && !evenTheSame && figures.standStill) continue;
    const text = readText(source);
    if (text === undefined) return false;
    source.row.parse(text, figures);
  }
  return true;
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
    return [{ ...file, directory: cgroup.directory, row }];
  });
}

function has({ version, controllers }: PlacedCgroup["hierarchy"], row: UsageFile): boolean {
  if (version !== row.version) return false;
  return row.controller === undefined || controllers.includes(row.controller);
}
