import { type Happening, isSameValue } from "../protocol/events.ts";
import { type CgroupLimitName, cgroupLimitNames } from "../protocol/limits.ts";
import { isAlive } from "../sandboxes/reconcile.ts";
import { endedByOom, type SandboxRecord } from "../sandboxes/record.ts";
import type { Registry } from "../sandboxes/registry.ts";

/** Something that happened to a sandbox. */
export interface LifeEvent {
  readonly record: SandboxRecord;
  readonly happening: Happening;
}

/** Beginnings and ends of sandboxes: what the registry and the kernel say, look by look. */
export class Life {
  readonly #registry: Registry;
  #alive: ReadonlyMap<string, SandboxRecord>;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#alive = this.#read();
  }

  /** Those that are being made too: one may have ended before it is seen to run. */
  get alive(): readonly SandboxRecord[] {
    return [...this.#alive.values()];
  }

  /** `appeared`: ids that came since the last look, and may be over already. */
  look(appeared: ReadonlySet<string>): readonly LifeEvent[] {
    const before = this.#alive;
    this.#alive = this.#read();
    const ended = [...before.values()].filter((one) => hasRun(one) && !isIn(this.#alive, one));
    const begun = this.alive.filter((one) => hasRun(one) && !isIn(before, one));
    const unborn = [...before.values()].filter((one) => !hasRun(one)).map(({ id }) => id);
    const missed = this.#missed(new Set([...appeared, ...unborn]));
    return [
      ...this.alive.flatMap((one) => changedLimits(before.get(one.id), one)),
      ...[...ended, ...missed].map((record) => ({ record, happening: this.#ending(record) })),
      ...begun.map((record) => ({ record, happening: begin(record) })),
    ];
  }

  /** Begun and ended since the last look, where its record was kept. */
  #missed(ids: ReadonlySet<string>): readonly SandboxRecord[] {
    const gone = [...ids].filter((id) => !this.#alive.has(id));
    if (gone.length === 0) return [];
    return this.#registry.records().filter((record) => gone.includes(record.id) && hasRun(record));
  }

  #ending({ id }: SandboxRecord): Happening {
    const exit = this.#registry.exitOf(id);
    if (!exit) return { kind: "exited" };
    const { code, signal } = exit;
    return { kind: "exited", code, signal: signal ?? undefined, oomKilled: endedByOom(exit) };
  }

  /** Until its monitor has ended, too: only then it is written down how. */
  #read(): ReadonlyMap<string, SandboxRecord> {
    const alive = this.#registry.records().filter(isAlive);
    return new Map(alive.map((record) => [record.id, record]));
  }
}

function begin({ init }: SandboxRecord): Happening {
  return { kind: "started", pid: init?.pid };
}

/** By another helper, too: the record of a sandbox says what its limits are to be. */
function changedLimits(before: SandboxRecord | undefined, record: SandboxRecord): LifeEvent[] {
  if (!before) return [];
  const { owner: byUid, spec } = record;
  const valuesOf = (limit: CgroupLimitName) =>
    [before.spec.limits[limit], spec.limits[limit]] as const;
  return cgroupLimitNames.flatMap((limit): LifeEvent[] => {
    const [from, to] = valuesOf(limit);
    if (isSameValue(from, to)) return [];
    return [{ record, happening: { kind: "limitChanged", limit, from, to, byUid } }];
  });
}

function hasRun({ init }: SandboxRecord): boolean {
  return init !== undefined;
}

/** The same run: a sandbox that was started again has another init. */
function isIn(records: ReadonlyMap<string, SandboxRecord>, { id, init }: SandboxRecord): boolean {
  const other = records.get(id)?.init;
  return other?.pid === init?.pid && other?.startTimeTicks === init?.startTimeTicks;
}
