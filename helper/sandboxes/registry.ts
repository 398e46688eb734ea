import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type * as z from "zod/mini";
import { tryLock } from "../kernel/libc.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { type ExitRecord, exitRecord, type SandboxRecord, sandboxRecord } from "./record.ts";
import { openStateDirectory, type StateDirectory } from "./stateDirectory.ts";
import { supervisedRecord } from "./supervised.ts";

/**
 * The sandboxes of this user on disk. Several helpers share it: each change is one rename, and what must
 * not interleave (taking a name, an id range, removing what is dead) runs under `exclusively`.
 */
export interface Registry {
  readonly state: StateDirectory;
  records(): readonly SandboxRecord[];
  exitOf(id: string): ExitRecord | undefined;
  /** The last states of its named processes; empty where it has one command. */
  supervisedOf(id: string): z.output<typeof supervisedRecord>;
  write(record: SandboxRecord): void;
  /** Before it is started again: how it ended the last time. */
  forgetEnding(id: string): void;
  remove(id: string): void;
  /** Removes what was never finished because its maker was killed: directories without a record, old sockets. */
  removeUnfinished(): void;
  directoryOf(id: string): string;
  /** In which something is written, renamed or removed whenever a sandbox changes: that of all, and each one's. */
  directories(): readonly string[];
  terminalSocket(): string;
  exclusively<T>(work: () => T): Promise<T>;
}

const recordFile = "record.json";
const exitFile = "exit.json";
const supervisedFile = "processes.json";
/** The launcher waits a minute for its client; no socket can be of use after two. */
const staleSocketMs = 120_000;
const lockRetryMs = 5;
const lockAttempts = 2_000;

export function openRegistry(state = openStateDirectory()): Registry {
  const records = new Records(state);
  const directoryOf = (id: string) => join(state.sandboxes, id);
  return {
    state,
    directoryOf,
    directories: () => [state.sandboxes, ...readdirSync(state.sandboxes).map(directoryOf)],
    records: () => records.read(),
    exitOf: (id) => parseFile(join(directoryOf(id), exitFile), exitRecord),
    supervisedOf: (id) => parseFile(join(directoryOf(id), supervisedFile), supervisedRecord) ?? [],
    write: (record) => writeRecord(directoryOf(record.id), record),
    forgetEnding: (id) => {
      for (const file of [exitFile, supervisedFile])
        rmSync(join(directoryOf(id), file), { force: true });
    },
    remove: (id) => rmSync(directoryOf(id), { recursive: true, force: true }),
    removeUnfinished: () => {
      removeUnfinished(state);
      removeStaleSockets(state);
    },
    terminalSocket: () => join(state.terminals, `${newId()}.sock`),
    exclusively: (work) => exclusively(state.lockFile, work),
  };
}

/**
 * 46 random bits: short enough to read aloud, long enough never to meet itself on one machine. A letter
 * comes first, so that no beginning of an id is ever a pid. From the kernel itself: loading node:crypto
 * for them took 3 ms of every `terrarium run`.
 */
export function newId(): string {
  const bits = Buffer.alloc(6);
  const random = openSync("/dev/urandom", "r");
  try {
    readSync(random, bits);
  } finally {
    closeSync(random);
  }
  bits.writeUInt8(0xa0 + (bits.readUInt8() % 0x60));
  return bits.toString("hex");
}

/** By id, name or an id's unambiguous beginning. */
export function findRecord(records: readonly SandboxRecord[], target: string): SandboxRecord {
  const exact =
    records.find(({ id }) => id === target) ?? records.find(({ name }) => name === target);
  if (exact) return exact;
  const matches = target.length >= 3 ? records.filter(({ id }) => id.startsWith(target)) : [];
  const [only, ...others] = matches;
  if (!only) throw new TerrariumError("noSuchSandbox", { target });
  if (others.length > 0) {
    throw new TerrariumError("ambiguousSandbox", { target, matches: matches.map(({ id }) => id) });
  }
  return only;
}

interface KnownRecord {
  readonly stamp: string;
  readonly record: SandboxRecord | undefined;
}

/**
 * Whoever watches asks for the records at each change of the host: one that is written is another file, by rename,
 * and only that is read again.
 */
class Records {
  readonly #state: StateDirectory;
  #known: ReadonlyMap<string, KnownRecord> = new Map();

  constructor(state: StateDirectory) {
    this.#state = state;
  }

  read(): readonly SandboxRecord[] {
    const ids = readdirSync(this.#state.sandboxes);
    this.#known = new Map(ids.map((id) => [id, this.#readOne(id)]));
    return [...this.#known.values()]
      .flatMap(({ record }) => record ?? [])
      .sort((a, b) => a.createdAtMs - b.createdAtMs);
  }

  #readOne(id: string): KnownRecord {
    const file = join(this.#state.sandboxes, id, recordFile);
    const found = lstatSync(file, { throwIfNoEntry: false, bigint: true });
    const stamp = `${found?.ino} ${found?.ctimeNs} ${found?.size}`;
    const known = this.#known.get(id);
    return known?.stamp === stamp ? known : { stamp, record: parseFile(file, sandboxRecord) };
  }
}

/** A record that another version wrote is no unfinished one: it stays. */
function removeUnfinished({ sandboxes }: StateDirectory): void {
  for (const id of readdirSync(sandboxes)) {
    if (existsSync(join(sandboxes, id, recordFile))) continue;
    rmSync(join(sandboxes, id), { recursive: true, force: true });
  }
}

function removeStaleSockets({ terminals }: StateDirectory): void {
  for (const name of readdirSync(terminals)) {
    const socket = join(terminals, name);
    const found = lstatSync(socket, { throwIfNoEntry: false });
    if (found && Date.now() - found.mtimeMs > staleSocketMs) rmSync(socket, { force: true });
  }
}

/** Undefined for a file that is not there (any more) or that another version wrote. */
function parseFile<S extends z.ZodMiniType>(file: string, schema: S): z.output<S> | undefined {
  try {
    return schema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

function writeRecord(directory: string, record: SandboxRecord): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const temporary = join(directory, `.${recordFile}.${process.pid}`);
  writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
  renameSync(temporary, join(directory, recordFile));
}

/** flock(2): the kernel gives it up when its holder dies, however it dies. */
async function exclusively<T>(lockFile: string, work: () => T): Promise<T> {
  const descriptor = openSync(lockFile, "a", 0o600);
  try {
    for (let attempt = 0; !tryLock(descriptor); attempt += 1) {
      if (attempt === lockAttempts) {
        throw new TerrariumError("helperFailed", { reason: `another helper holds ${lockFile}` });
      }
      await sleep(lockRetryMs);
    }
    return work();
  } finally {
    closeSync(descriptor);
  }
}
