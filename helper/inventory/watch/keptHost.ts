import { type CgroupMounts, readCgroupMounts, readCgroupProcesses } from "../../kernel/cgroupfs.ts";
import { isSameRow } from "../../protocol/tableChanges.ts";
import { type CgroupTree, readCgroupTree, readCgroupTreeInSlices } from "../cgroups/tree.ts";
import { KeptRows } from "../keptRows.ts";
import { type Holding, type Holdings, noHoldings, readHoldings } from "../namespaces/holdings.ts";
import type { NamespaceTable } from "../namespaces/namespaces.ts";
import { type FindContainers, type HostSnapshot, snapshotSteps } from "../snapshot.ts";
import { inTurns } from "../turns.ts";
import { KeptTasks } from "./keptTasks.ts";

/** The parts of a snapshot from one look to the next: each is read when it may have changed, and by itself. */
export class KeptHost {
  readonly tasks = new KeptTasks();
  #tree: CgroupTree = { rows: [], cut: 0, seen: new Map() };
  #mounts: CgroupMounts = readCgroupMounts();
  #holdings: Holdings = noHoldings;
  #namespaces: NamespaceTable | undefined;
  readonly #rows = new KeptRows();

  /** Another object when they are others. */
  get cgroupDirectories(): ReadonlyMap<string, unknown> {
    return this.#tree.seen;
  }

  /** True: something changed. */
  async readAll(): Promise<boolean> {
    this.readMounts();
    const isOther = this.#takeTree(await readCgroupTreeInSlices(this.#mounts));
    return (await this.tasks.readAll()) || isOther;
  }

  /** Hierarchies may be mounted, and unmounted. */
  readMounts(): void {
    this.#mounts = readCgroupMounts();
    this.tasks.mounts = this.#mounts;
  }

  /** Something changed in these directories. True: their rows are others. */
  readCgroups(changed: ReadonlySet<string>): boolean {
    return this.#takeTree(readCgroupTree(this.#mounts, { tree: this.#tree, changed }));
  }

  /** Processes of this cgroup that were not in it when they were read. */
  newcomers(directory: string): readonly number[] {
    const row = this.#tree.seen.get(directory)?.row;
    if (!row) return [];
    const isKnown = (pid: number) => this.tasks.cgroupOf(pid, row.hierarchy) === row.inode;
    return readCgroupProcesses(directory).filter((pid) => !isKnown(pid));
  }

  /** True: something changed. The dearest by far: descriptors, and mounts of every mount namespace. */
  async readHoldings(): Promise<boolean> {
    const holdings = await readHoldings(this.tasks.table);
    if (isSameRow(this.#holdings, holdings)) return false;
    this.#holdings = holdings;
    return true;
  }

  /** Of the instant at which it is asked for: what is read meanwhile is the next one's. */
  async snapshot(findContainers: FindContainers): Promise<HostSnapshot> {
    const parts = {
      mounts: this.#mounts,
      tasks: this.tasks.table,
      cgroups: this.#tree,
      holdings: this.#livingHoldings(),
      ...(this.#namespaces && { namespaces: this.#namespaces }),
    };
    const snapshot = await inTurns(snapshotSteps(parts, findContainers, this.#rows));
    this.#namespaces = snapshot.parts.namespaces;
    return snapshot;
  }

  /** Rows that say what they said stay the same objects. */
  #takeTree(read: CgroupTree): boolean {
    const before = this.#tree.seen;
    const seen = new Map(
      [...read.seen].map(([directory, cgroup]) => {
        const known = before.get(directory);
        return [directory, known && isSameRow(known, cgroup) ? known : cgroup] as const;
      }),
    );
    const isSame =
      seen.size === before.size && [...seen].every(([key, one]) => before.get(key) === one);
    if (isSame && read.cut === this.#tree.cut) return false;
    this.#tree = { rows: [...seen.values()].map(({ row }) => row), cut: read.cut, seen };
    return true;
  }

  /** What a process held it has let go of when it has ended. */
  #livingHoldings(): Holdings {
    const isHeld = ({ keeper }: Holding) => !("pid" in keeper) || this.tasks.has(keeper.pid);
    const { holdings } = this.#holdings;
    if (!holdings.every(isHeld))
      this.#holdings = { ...this.#holdings, holdings: holdings.filter(isHeld) };
    return this.#holdings;
  }
}
