import type { EngineName, HostContainer, HostProcess } from "../../protocol/hostTables.ts";
import type { NamespaceType } from "../../protocol/namespaces.ts";

/**
 * What something says a container is. Its texts are as they were found, and whoever made them may have lied:
 * they name rows (row.ts makes them printable), and are never opened, run or believed beyond that.
 */
export interface Claim {
  readonly engine: EngineName;
  readonly id: string;
  readonly name?: string | undefined;
  readonly image?: string | undefined;
  readonly pod?: HostContainer["pod"];
  readonly startedAtMs?: number | undefined;
}

export type Details = Omit<Partial<Claim>, "engine" | "id">;

/** A container, as far as it is known when its engine's files are looked at. */
export interface Found {
  readonly id: string;
  readonly topmost: HostProcess;
  /** The process of the engine that watches it, with all its arguments. */
  readonly monitor?:
    | { readonly process: HostProcess; readonly words: readonly string[] }
    | undefined;
  /** Whose engine it is. */
  readonly uid: number;
}

/** What was read in a file of the engine's state. */
export interface StateFile extends Details {
  readonly path: string;
}

/** A container that a directory of state names, whether or not anything else shows it. */
export interface StateEntry {
  readonly claim: Claim;
  readonly path: string;
  readonly pid: number;
  /** Undefined where the engine does not write it down. */
  readonly startTimeTicks?: number | undefined;
}

/** How one engine is known. All parts are optional: an engine has what it leaves traces by. */
export interface Engine {
  readonly name: EngineName;
  /**
   * What one directory of a cgroup path says; `above` are the names above it, the outermost first. The first
   * engine of the table that answers has it.
   */
  readonly inCgroup?: (name: string, above: readonly string[]) => Claim | undefined;
  /** Its cgroups hold what is no container, too: it is one only with namespaces of its own of these types. */
  readonly isolates?: readonly NamespaceType[];
  /**
   * What the arguments of a container's parent say, by the parent's name (of 15 bytes, as the kernel keeps
   * it). `child` is the container's topmost process.
   */
  readonly monitors?: Readonly<
    Record<string, (words: readonly string[], child: HostProcess) => Claim | undefined>
  >;
  /** What the first process of a pid namespace says of itself, where nothing else has told of it. */
  readonly leads?: (leader: HostProcess) => Claim | undefined;
  /** Root directories of its state by the user whose engine it is, and the file of a container below. */
  readonly state?: {
    readonly roots: (uid: number) => readonly string[];
    readonly file: string;
    readonly parse: (text: string, id: string) => Omit<StateEntry, "path"> | undefined;
  };
  /** What files say of one container; asked once in its life, and again when one of them has changed. */
  readonly readState?: (found: Found, host: EngineHost) => StateFile | undefined;
  readonly socket?: EngineSocket;
  readonly service?: EngineService;
}

export type ParseList = (text: string | undefined) => ReadonlyMap<string, Details>;

/** What an engine's file may ask of the host. */
export interface EngineHost {
  /** A file that belongs to root or to this user, as does all above it; undefined where that is not so. */
  read(path: string, uid: number): string | undefined;
  /** The same of one that is written anew while its container runs, as by `docker rename`: it is read again then. */
  readChanging(path: string, uid: number): string | undefined;
  /** One that tells of many containers and changes with each of them. Details by container id. */
  readList(path: string, uid: number, parse: ParseList): ReadonlyMap<string, Details>;
  /** Root's own processes of the host, outside of every container, that are called as an engine's daemon. */
  readonly daemons: readonly HostProcess[];
}

/** An engine that answers gRPC on a unix socket, asked for each container whose files have not told all. */
export interface EngineService {
  /** Undefined: nothing says where it would answer. */
  readonly call: (found: Found) => (ServiceCall & { readonly path: string }) | undefined;
  readonly parse: (answer: Buffer) => Details;
}

export interface ServiceCall {
  /** `/PACKAGE.SERVICE/METHOD`. */
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly message: Buffer;
}

/** An engine that answers HTTP on a unix socket. */
export interface EngineSocket {
  readonly paths: (daemons: readonly HostProcess[], uid: number) => readonly string[];
  readonly request: string;
  /** A request whose answer goes on for ever, and in which something stands whenever a list would be another. */
  readonly events?: string;
  /** Details by container id. */
  readonly parse: (answer: unknown) => ReadonlyMap<string, Details>;
}
