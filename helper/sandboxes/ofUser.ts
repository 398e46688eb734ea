import { join } from "node:path";
import type { KnownSandbox } from "../inventory/containers/facts.ts";
import { listOwnedDirectory, readOwnedFile } from "../kernel/ownedFiles.ts";
import { namespaceLinks, readStatus } from "../kernel/procfs.ts";
import { namespaceTypes } from "../protocol/namespaces.ts";
import { printable } from "../protocol/printable.ts";
import { isRunning } from "./reconcile.ts";
import { isSandboxId, type SandboxRecord, sandboxRecord } from "./record.ts";

/**
 * The running sandboxes of an ordinary user, for root's helper that shows that user the whole machine. What stands in
 * the registry the user has written: a name and an id are believed, of a process that is the user's and the first of its
 * pid namespace. What namespaces that is in says the kernel.
 */

const largestRecord = 256 * 1024;
const mostSandboxes = 256;

/** How often a user's directory is looked through, where somebody watches; a look at each of its parts is dear. */
const restMs = 1_000;

export function openSandboxesOf(uid: number): () => readonly KnownSandbox[] {
  let known = new Map<string, SandboxRecord>();
  let readAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - readAtMs >= restMs) {
      known = readRecords(uid, known);
      readAtMs = performance.now();
    }
    return [...known.values()].flatMap((record) => knownSandbox(record, uid) ?? []);
  };
}

/** As stateDirectory.ts chooses for who has no say in it. */
function registriesOf(uid: number): readonly string[] {
  return [`/run/user/${uid}`, `/tmp/terrarium-${uid}`].map((runtime) =>
    join(runtime, "terrarium", "sandboxes"),
  );
}

/** A record changes when its sandbox starts, and then no more. */
function readRecords(
  uid: number,
  before: ReadonlyMap<string, SandboxRecord>,
): Map<string, SandboxRecord> {
  const found = registriesOf(uid).flatMap((directory) =>
    listOwnedDirectory(directory, uid)
      .filter(isSandboxId)
      .map((id) => ({ id, path: join(directory, id, "record.json") })),
  );
  return new Map(
    found.slice(0, mostSandboxes).flatMap(({ id, path }) => {
      const kept = before.get(id);
      const record =
        kept && isRunning(kept) ? kept : parse(readOwnedFile(path, uid, largestRecord));
      return record?.id === id ? [[id, record] as const] : [];
    }),
  );
}

function parse(text: string | undefined): SandboxRecord | undefined {
  if (text === undefined) return undefined;
  try {
    return sandboxRecord.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function knownSandbox(record: SandboxRecord, uid: number): KnownSandbox | undefined {
  const { id, name, createdAtMs, init } = record;
  const status = init && isRunning(record) ? readStatus(init.pid) : undefined;
  const isFirst = status && status.nestedPids.length > 1 && status.nestedPids.at(-1) === 1;
  if (!init || !isFirst || status.uid.effective !== uid) return undefined;
  const [theirs, ours] = [namespaceLinks(init.pid), namespaceLinks("self")];
  if (typeof theirs !== "object" || typeof ours !== "object") return undefined;
  const own = namespaceTypes.filter((type) => theirs[type] !== 0 && theirs[type] !== ours[type]);
  return {
    ...{ id, createdAtMs, name: printable(name, 63) },
    namespaces: Object.fromEntries(own.map((type) => [type, theirs[type]])),
  };
}
