import { closeSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { attachment, type Launch, launch } from "../launch/launcher.ts";
import { dismissLauncher, inheritedPath, type LauncherProcess } from "../launch/process.ts";
import { integrateShell, type ShellStart } from "../launch/shellIntegration.ts";
import { takeLauncher } from "../launch/spare.ts";
import { createCgroups, planCgroups } from "../limits/cgroups.ts";
import { splitLimits } from "../limits/link.ts";
import { holdScope, usesScopes } from "../limits/scope.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { CreatedSandbox } from "../protocol/methods.ts";
import type { PlannedMount } from "../protocol/plan.ts";
import { checkDevices, deviceRules } from "./devices.ts";
import { checkEnding } from "./ending.ts";
import type { SandboxHost } from "./host.ts";
import { findJoined, type JoinedNamespace, openJoined } from "./joined.ts";
import { imageDirectory, provideImage } from "./kept/images.ts";
import { checkOverlay, layerUndo, makeLayers } from "./kept/layers.ts";
import { linkNetwork } from "./link.ts";
import { processIdentity } from "./newRecord.ts";
import { checkPaths, type Sources } from "./paths.ts";
import { plannedFolders } from "./plan/folders.ts";
import { checkLxcfs } from "./plan/lxcfs.ts";
import { type PlanFacts, planRun } from "./plan/plan.ts";
import { type Occasion, planFacts } from "./plan/planFacts.ts";
import { planMounts } from "./plan/plannedMounts.ts";
import { checkProcesses } from "./plan/startOrder.ts";
import { lives } from "./reconcile.ts";
import type { ProcessIdentity, SandboxRecord } from "./record.ts";

/** Refuses what could never be launched, before anything is made; answers where the spec's paths lead. */
export async function checkSpec(
  { asker, registry }: SandboxHost,
  { spec, stdio }: Occasion,
): Promise<Sources> {
  checkProcesses(spec, stdio);
  checkOverlay(spec);
  checkLxcfs(spec);
  const sources = checkPaths(spec, { home: asker.home, state: registry.state.root });
  checkDevices(spec, { sources, asker });
  if (spec.rootfs.type !== "tarball") return sources;
  const tarball = sources.get(spec.rootfs.path) ?? spec.rootfs.path;
  return new Map(sources).set(spec.rootfs.path, await imageDirectory(tarball));
}

/** Cgroups, launch and commit of a sandbox whose record is written; undoing a failure is the caller's. */
export async function launchSandbox(
  host: SandboxHost,
  record: SandboxRecord,
  occasion: Occasion,
  sources: Sources,
): Promise<CreatedSandbox> {
  const undoLayer = layerUndo(record);
  try {
    const imaged = await withImage(host, record, sources);
    return await start(host, imaged, occasion, sources);
  } catch (error) {
    await undoLayer();
    throw error;
  }
}

/** Before the cgroups: extracting takes seconds. The record comes first, so that nobody removes the image. */
async function withImage(
  host: SandboxHost,
  record: SandboxRecord,
  sources: Sources,
): Promise<SandboxRecord> {
  const { rootfs } = record.spec;
  if (rootfs.type !== "tarball") return record;
  const image = sources.get(rootfs.path) ?? "";
  const imaged = { ...record, image };
  host.registry.write(imaged);
  await provideImage(rootfs.path, image, record.idRangeBase);
  return imaged;
}

/** The launcher is there first, because a scope is made for a process. */
async function start(
  host: SandboxHost,
  record: SandboxRecord,
  occasion: Occasion,
  sources: Sources,
): Promise<CreatedSandbox> {
  const partner = occasion.dieWith ? processIdentity(occasion.dieWith) : undefined;
  const joined = findJoined(host, record.spec.namespaces);
  const launcher = withOpened(joined, takeLauncher);
  try {
    const prepared = await prepare(record, sources, launcher);
    const socket =
      occasion.stdio === "none"
        ? undefined
        : join(host.registry.directoryOf(record.id), "attach.sock");
    const named = joined.map(({ type }, place) => ({ type, path: inheritedPath(place) }));
    const facts = planFacts(host, prepared, occasion, { sources, socket, joined: named });
    const mounts = planMounts(facts);
    makeLayers(prepared.name, mounts);
    const { command, environment } = integrated(prepared, facts.environment, mounts, occasion);
    const options = planRun({ ...facts, environment });
    const launched = launch("run", options, command, launcher);
    return await follow(host, prepared, launched, { partner, socket });
  } finally {
    dismissLauncher(launcher);
  }
}

/** Whoever attaches a terminal of an editor's is told of its prompts; the record has the command itself. */
function integrated(
  { command, spec }: SandboxRecord,
  environment: PlanFacts["environment"],
  mounts: readonly PlannedMount[],
  { stdio, shellIntegration }: Occasion,
): ShellStart {
  const start = { command, environment };
  if (!shellIntegration || stdio !== "tty") return start;
  const program = spec.rootfs.type === "host" ? hostProgram(command[0]) : undefined;
  return integrateShell(start, { folders: plannedFolders(mounts), program });
}

function hostProgram(path = ""): string | undefined {
  try {
    return basename(realpathSync(path));
  } catch {
    return undefined;
  }
}

/** Not written down yet: what is half made is found, and swept, by its id alone. */
async function prepare(
  record: SandboxRecord,
  sources: Sources,
  { child: { pid } }: LauncherProcess,
): Promise<SandboxRecord> {
  const { id, spec } = record;
  const limits = splitLimits(spec.limits).ofCgroups;
  if (usesScopes() && pid !== undefined) {
    // What cannot be had is said before systemd is asked for anything.
    planCgroups(id, limits);
    await holdScope(record, pid);
  }
  const prepared = { ...record, cgroups: createCgroups(id, limits, deviceRules(spec, sources)) };
  checkEnding(prepared);
  return prepared;
}

/** Until it is committed; nothing of the command has run before. */
async function follow(
  host: SandboxHost,
  record: SandboxRecord,
  launched: Launch,
  { partner, socket }: { partner: ProcessIdentity | undefined; socket: string | undefined },
): Promise<CreatedSandbox> {
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
  await linkNetwork(running);
  await commit(launched, socket);
  return {
    sandbox: { id: record.id, name: record.name, pid: ready.pid },
    attach: socket ? attachment(socket) : undefined,
  };
}

/** The launcher inherits the descriptors, so that what was found and looked at is what it joins. */
function withOpened<T>(joined: readonly JoinedNamespace[], use: (files: number[]) => T): T {
  const files: number[] = [];
  try {
    for (const one of joined) files.push(openJoined(one));
    return use(files);
  } finally {
    for (const file of files) closeSync(file);
  }
}

/** With a terminal the command starts when the client attaches; without one we wait until it runs. */
async function commit(launched: Launch, socket: string | undefined): Promise<void> {
  await launched.commit();
  if (!socket) await launched.started;
}
