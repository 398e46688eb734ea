import type { WatchEventType } from "node:fs";
import { join } from "node:path";
import { processIds } from "../../kernel/procfs.ts";
import type { HostProcess } from "../../protocol/hostTables.ts";
import type { SandboxSummary } from "../../protocol/inventory.ts";
import type { WatchedHost, WatchedTableName } from "../../protocol/inventoryChanges.ts";
import type { ContainerReader } from "../tables.ts";
import { inTurns, type Steps } from "../turns.ts";
import { Budget } from "./budget.ts";
import { cgroupFiles } from "./cgroupFiles.ts";
import { Directories } from "./directories.ts";
import { KeptHost } from "./keptHost.ts";
import { type Following, followKernel } from "./kernelChanges.ts";
import { Pace } from "./pace.ts";
import type { PublishedRows } from "./published.ts";
import { Zombies } from "./zombies.ts";

export interface Sources {
  readonly containers: ContainerReader;
  /** The sandboxes of this user, of which some of these processes are. */
  readonly sandboxes: (processes: readonly HostProcess[]) => Promise<readonly SandboxSummary[]>;
  /** In which something changes when a sandbox begins, runs or ends: that of all, and each one's. */
  readonly directories: () => readonly string[];
}

export type Publish = (rows: PublishedRows, host: WatchedHost) => Steps<void>;

/**
 * How often everything is looked at, although the kernel tells of changes: it does not tell of setns(2), unshare(2)
 * and a changed command line. 5,000 processes come each 20 s by the iterator, and every few minutes by /proc; with
 * what holds namespaces that is a thousandth of a core, and a quarter more.
 */
const reconcile = { restMs: 5_000, share: 0.000_6 };
/** Where it tells nothing of processes. */
const unheard = { restMs: 1_000, share: 0.01 };
/** What holds namespaces beside processes: told are mounts in our own mount namespace, and ends of processes. */
const deep = { restMs: 10_000, share: 0.000_4 };
/** Memory in use is nobody's event. */
const sandboxes = { restMs: 2_000, share: 0.01 };
/** Where none runs, the registry tells of all that there is to tell. */
const noSandboxes = { restMs: 20_000, share: 0.000_2 };
/** Engines say when there is something new; who does not is asked. */
const engines = { restMs: 30_000, share: 0.000_2 };

/** What belongs together, as the cgroups of one container, comes within this. */
const togetherMs = 1;
/** However much happens: a tenth of a core, saved up for as long as a storm of a second. */
const share = 0.1;
const mostSavedMs = 100;

/** More named processes than that are all of them. */
const mostNamed = 4_096;

/** More than that are looked at again with all the rest. */
const manyDirectories = 256;

/** All that goes on while somebody watches: nothing is open, started or read before, or after. */
export class Running {
  readonly #sources: Sources;
  readonly #publish: Publish;
  readonly #host = new KeptHost();
  readonly #budget = new Budget(share, mostSavedMs);
  readonly #everything = new Pace(() => this.#readAll(), unheard);
  readonly #list = new Pace(() => this.#listProcesses(), unheard);
  readonly #deep = new Pace(() => this.#readHoldings(), deep);
  readonly #sandboxes = new Pace(() => this.#readSandboxes(), sandboxes);
  readonly #engines = new Pace(() => this.#learn(), engines);
  readonly #zombies = new Zombies((pids) => this.#name(pids));
  readonly #paces = [this.#everything, this.#list, this.#deep, this.#sandboxes, this.#engines];
  readonly #directories: Directories;
  readonly #registry: Directories;
  readonly #kernel: Following;
  readonly #endNews: () => void;
  readonly #named = new Set<number>();
  #wanted: ReadonlySet<WatchedTableName> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #isRead = false;
  #isPassing = false;
  #isDisposed = false;
  /** Rows are no longer those that were published. */
  #isChanged = false;
  /** Of cgroups, in which something changed. */
  readonly #changedDirectories = new Set<string>();
  #watched: ReadonlyMap<string, unknown> | undefined;
  #hasEvents = false;
  #hasSandboxes = false;
  #isLearning = false;
  #facts: WatchedHost | undefined;
  #processes: readonly HostProcess[] = [];

  constructor(sources: Sources, publish: Publish) {
    this.#sources = sources;
    this.#publish = publish;
    this.#directories = new Directories(
      (...entry) => this.#takeEntry(...entry),
      (opened) => this.#takeOpened(opened),
    );
    this.#registry = new Directories(
      () => this.#followRegistry(),
      () => this.#sandboxes.soon(),
    );
    this.#registry.set(sources.directories());
    this.#kernel = followKernel({
      onProcesses: (pids) => this.#name(pids),
      onAnyProcess: () => this.#hear(true),
      onMounts: () => this.#deep.soon(),
      onSilence: () => this.#hear(false),
    });
    this.#endNews = sources.containers.follow(() => this.#engines.soon());
    this.#engines.start();
    this.#everything.start();
  }

  /** What is wanted from now on is published once more, whether or not it changes. */
  set(wanted: readonly WatchedTableName[]): void {
    const isNew = wanted.some((name) => !this.#wanted.has(name));
    this.#wanted = new Set(wanted);
    if (!isNew) return;
    this.#isChanged = true;
    this.#soon();
  }

  lookAgain(): void {
    this.#everything.soon();
    this.#deep.soon();
    this.#sandboxes.soon();
  }

  dispose(): void {
    for (const pace of this.#paces) pace.stop();
    this.#endNews();
    clearTimeout(this.#timer);
    this.#isDisposed = true;
    this.#zombies.dispose();
    this.#directories.dispose();
    this.#registry.dispose();
    this.#kernel.dispose();
  }

  #hear(hasEvents: boolean): void {
    this.#hasEvents = hasEvents;
    this.#isChanged = true;
    this.#everything.options = hasEvents ? reconcile : unheard;
    if (hasEvents) this.#list.stop();
    else this.#list.start();
    this.#everything.soon();
  }

  #name(pids: Iterable<number>): void {
    for (const pid of pids) this.#named.add(pid);
    if (this.#named.size > mostNamed) {
      this.#named.clear();
      this.#everything.soon();
    }
    this.#soon();
  }

  #takeEntry(directory: string, event: WatchEventType, file: string | null): void {
    const meaning = event === "rename" ? "tree" : cgroupFiles[file ?? ""];
    if (meaning === "members") this.#name(this.#host.newcomers(directory));
    if (meaning !== "tree") return;
    this.#changedDirectories.add(directory);
    // Under the same name another one may have been made.
    if (event === "rename" && file !== null) this.#changedDirectories.add(join(directory, file));
    this.#soon();
  }

  #followRegistry(): void {
    this.#registry.set(this.#sources.directories());
    this.#sandboxes.soon();
  }

  #soon(): void {
    if (!this.#isRead || this.#isPassing || this.#isDisposed) return;
    const delayMs = Math.max(togetherMs, this.#budget.restMs);
    this.#timer ??= setTimeout(() => void this.#pass(), delayMs).unref();
  }

  /** One look at what was told of, and the tables that come of it; what is told meanwhile is the next one's. */
  async #pass(): Promise<void> {
    this.#timer = undefined;
    this.#isPassing = true;
    const before = process.cpuUsage();
    try {
      await this.#look();
    } finally {
      this.#isPassing = false;
    }
    const { user, system } = process.cpuUsage(before);
    this.#budget.spend((user + system) / 1_000);
    const isMore = this.#isChanged || this.#named.size > 0 || this.#changedDirectories.size > 0;
    if (isMore) this.#soon();
  }

  async #look(): Promise<void> {
    await this.#takeNamed();
    this.#takeDirectories();
    if (!this.#isChanged) return;
    this.#isChanged = false;
    await this.#publishHost();
  }

  async #takeNamed(): Promise<void> {
    if (this.#named.size === 0) return;
    const named = new Set(this.#named);
    this.#named.clear();
    if (await this.#host.tasks.readSome(named)) this.#isChanged = true;
    if (this.#isDisposed) return;
    this.#zombies.see(named, (pid) => this.#host.tasks.isZombie(pid));
  }

  #takeDirectories(): void {
    if (this.#changedDirectories.size === 0) return;
    if (this.#host.readCgroups(this.#changedDirectories)) this.#isChanged = true;
    this.#changedDirectories.clear();
  }

  async #publishHost(): Promise<void> {
    const { find } = this.#sources.containers;
    const { host, processes, namespaces, cgroups, containers } = await this.#host.snapshot(find);
    if (this.#isDisposed) return;
    this.#followDirectories();
    this.#facts = { ...host, processEvents: this.#hasEvents };
    this.#processes = processes;
    await inTurns(this.#publish({ processes, namespaces, cgroups, containers }, this.#facts));
    if (this.#isDisposed) return;
    this.#follow("namespaces", this.#deep);
    this.#follow("sandboxes", this.#sandboxes);
    if (this.#hasSandboxes) this.#sandboxes.soon();
    if (!this.#isLearning) void this.#learn();
  }

  #followDirectories(): void {
    const { cgroupDirectories } = this.#host;
    if (cgroupDirectories === this.#watched) return;
    this.#watched = cgroupDirectories;
    this.#directories.set([...cgroupDirectories.keys()]);
  }

  /** Between the look at a new cgroup and its watch others may have been made in it. */
  #takeOpened(opened: readonly string[]): void {
    if (this.#isDisposed) return;
    if (opened.length > manyDirectories) this.#everything.soon();
    else for (const directory of opened) this.#changedDirectories.add(directory);
    this.#soon();
  }

  /** What needs the processes first, and is not done for those who do not look at it. */
  #follow(table: WatchedTableName, pace: Pace): void {
    if (this.#wanted.has(table)) pace.start();
    else pace.stop();
  }

  async #readAll(): Promise<void> {
    const isOther = await this.#host.readAll();
    this.#isRead = true;
    if (isOther) this.#isChanged = true;
    if (this.#isChanged) this.#soon();
  }

  /** Who is new, and who is gone: all that can be seen without reading each. */
  #listProcesses(): void {
    if (!this.#isRead) return;
    const present = new Set(processIds());
    const { tasks } = this.#host.tasks.table;
    const gone = tasks.flatMap(({ pid }) => (present.has(pid) ? [] : [pid]));
    this.#name([...gone, ...[...present].filter((pid) => !this.#host.tasks.has(pid))]);
  }

  /** What engines tell of their containers comes later than what is seen of them. */
  async #learn(): Promise<void> {
    this.#isLearning = true;
    const isMore = await this.#sources.containers.enrich().catch(() => false);
    this.#isLearning = false;
    if (!isMore) return;
    this.#isChanged = true;
    this.#soon();
  }

  async #readHoldings(): Promise<void> {
    if (!(await this.#host.readHoldings())) return;
    this.#isChanged = true;
    this.#soon();
  }

  async #readSandboxes(): Promise<void> {
    if (!this.#facts) return;
    const rows = await this.#sources.sandboxes(this.#processes);
    const had = this.#hasSandboxes;
    this.#hasSandboxes = rows.some(({ pid }) => pid !== undefined);
    // How the last of them ended is written after its end.
    this.#sandboxes.options = had || this.#hasSandboxes ? sandboxes : noSandboxes;
    await inTurns(this.#publish({ sandboxes: rows }, this.#facts));
  }
}
