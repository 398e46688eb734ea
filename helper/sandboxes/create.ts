import { join } from "node:path";
import { readStat } from "../kernel/procfs.ts";
import { buildEnvironment } from "../launch/environment.ts";
import { attachment, type Launch, launch } from "../launch/launcher.ts";
import { chooseShell } from "../launch/shell.ts";
import { createCgroups } from "../limits/cgroups.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { CreatedSandbox } from "../protocol/methods.ts";
import type { ParameterOutput, SandboxSpec } from "../protocol/schemas.ts";
import type { SandboxHost } from "./host.ts";
import { readHostView } from "./hostView.ts";
import { type Asker, needsIdRange, planIdentity, type SandboxIdentity } from "./identity.ts";
import { chooseIdRange, idsInUse } from "./idRange.ts";
import { checkPaths, protections } from "./paths.ts";
import { planRun } from "./plan.ts";
import { lives, reconcile, sweepCgroups } from "./reconcile.ts";
import type { ProcessIdentity, SandboxRecord } from "./record.ts";
import { newId } from "./registry.ts";
import { summarise } from "./summary.ts";

type CreateParameters = ParameterOutput<"sandbox/create">;

/**
 * Makes a sandbox: record, cgroups, launch, commit. Until the commit nothing of the command has run, and
 * whatever fails (or kills us) on the way leaves nothing: the launcher undoes its part when our end of the
 * sync pipe closes, `undo` the rest, and the next helper's reconciliation what we could not.
 */
export async function createSandbox(
  host: SandboxHost,
  parameters: CreateParameters,
): Promise<CreatedSandbox> {
  checkPaths(parameters.spec, host.asker.home);
  const record = await reserve(host, parameters);
  try {
    const prepared = prepare(host, record, parameters);
    return await start(host, prepared, parameters);
  } catch (error) {
    undo(host, record);
    throw error;
  }
}

/** Takes id, name and id range under the registry's lock, so that two helpers cannot take the same. */
function reserve(host: SandboxHost, parameters: CreateParameters): Promise<SandboxRecord> {
  return host.registry.exclusively(() => {
    reconcile(host);
    const records = host.registry.records();
    const record = newRecord(
      host,
      parameters,
      new Set(records.flatMap(({ idRangeBase }) => idRangeBase ?? [])),
    );
    if (records.some(({ name }) => name === record.name)) {
      throw new TerrariumError("nameTaken", { name: record.name });
    }
    host.registry.write(record);
    return record;
  });
}

function newRecord(
  { asker }: SandboxHost,
  { spec, keep, stdio }: CreateParameters,
  takenBases: ReadonlySet<number>,
): SandboxRecord {
  const id = newId();
  const name = spec.name ?? `terrarium-${id.slice(0, 6)}`;
  return {
    format: 1,
    id,
    name,
    hostname: spec.hostname ?? defaultHostname(name),
    command: [...(spec.args ?? [defaultShell(spec, asker.shell)])],
    spec,
    owner: asker.uid,
    createdAtMs: Date.now(),
    keep,
    tty: stdio === "tty",
    idRangeBase: needsIdRange(asker) ? chooseIdRange(takenBases, idsInUse()) : undefined,
    cgroups: [],
    creator: processIdentity(process.pid),
    namespaces: {},
  };
}

/** hostname(7) knows no underscore and no dot at an edge; a name may have both. */
function defaultHostname(name: string): string {
  const words = name.startsWith("terrarium-") ? name : `terrarium-${name}`;
  return words
    .replace(/[^A-Za-z0-9-]/g, "-")
    .slice(0, 63)
    .replace(/-+$/, "");
}

function defaultShell(spec: SandboxSpec, userShell: string): string {
  return spec.rootfs.type === "host"
    ? chooseShell("/", userShell)
    : chooseShell(spec.rootfs.path, undefined);
}

function prepare(
  host: SandboxHost,
  record: SandboxRecord,
  { spec }: CreateParameters,
): SandboxRecord {
  const prepared = { ...record, cgroups: createCgroups(record.id, spec.limits) };
  host.registry.write(prepared);
  return prepared;
}

async function start(
  host: SandboxHost,
  record: SandboxRecord,
  parameters: CreateParameters,
): Promise<CreatedSandbox> {
  const socket =
    parameters.stdio === "none"
      ? undefined
      : join(host.registry.directoryOf(record.id), "attach.sock");
  const partner = parameters.dieWith ? processIdentity(parameters.dieWith) : undefined;
  const launched = launch("run", runOptions(host, record, parameters, socket), record.command);
  try {
    const ready = await launched.ready;
    // The launcher holds a pidfd by now: alive before and after, it is the process that was meant.
    if (partner && !lives(partner)) throw new TerrariumError("noSuchProcess", partner);
    const running = {
      ...record,
      monitor: processIdentity(launched.monitorPid),
      init: processIdentity(ready.pid),
      namespaces: ready.namespaces,
    };
    host.registry.write(running);
    await commit(launched, socket);
    return { sandbox: summarise(running), attach: socket ? attachment(socket) : undefined };
  } finally {
    launched.abort();
  }
}

/** With a terminal the command starts when the client attaches; without one we wait until it runs. */
async function commit(launched: Launch, socket: string | undefined): Promise<void> {
  launched.commit();
  if (!socket) await launched.started;
}

function runOptions(
  host: SandboxHost,
  record: SandboxRecord,
  { spec, stdio, keep, dieWith, clientEnv }: CreateParameters,
  socket: string | undefined,
): readonly string[] {
  const identity = planIdentity(host.asker, spec.userns, record.idRangeBase);
  return planRun({
    spec,
    identity,
    hostname: record.hostname,
    hostView: readHostView(),
    protections: spec.workspace ? protections(spec.workspace) : { pinned: [], readOnly: [] },
    cgroupDirectories: record.cgroups.map(({ directory }) => directory),
    environment: buildEnvironment({
      user: userInside(host.asker, identity, spec),
      clientEnv,
      tty: stdio === "tty",
      set: spec.env,
    }),
    stdio,
    owner: [host.asker.uid, host.asker.gid],
    socket,
    stateDirectory: host.registry.directoryOf(record.id),
    keepState: keep,
    dieWith,
  });
}

function userInside(asker: Asker, identity: SandboxIdentity, spec: SandboxSpec) {
  const home = spec.rootfs.type === "host" ? identity.home : "/";
  return { name: identity.name, home, shell: defaultShell(spec, asker.shell) };
}

function undo({ registry }: SandboxHost, { id }: SandboxRecord): void {
  if (sweepCgroups(id)) registry.remove(id);
}

function processIdentity(pid: number): ProcessIdentity {
  const stat = readStat(pid);
  if (!stat) throw new TerrariumError("noSuchProcess", { pid });
  return { pid, startTimeTicks: stat.startTimeTicks };
}
