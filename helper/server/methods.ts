import type { Visitor } from "../enter/plan.ts";
import { enterProcess } from "../enter/process.ts";
import { reportFeatures } from "../features/report.ts";
import { killProcess } from "../inspect/kill.ts";
import { readMounts } from "../inspect/mounts.ts";
import { inspectProcess } from "../inspect/process.ts";
import { checkSameProcess } from "../inspect/sameProcess.ts";
import { type ContainerReader, readTables } from "../inventory/tables.ts";
import type { InventoryWatch } from "../inventory/watch/watch.ts";
import type { ProcessStatus } from "../kernel/proctext.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { MethodName, Results } from "../protocol/methods.ts";
import { printable } from "../protocol/printable.ts";
import type { ParameterOutput } from "../protocol/schemas.ts";
import type { AuditEntry } from "../sandboxes/audit.ts";
import { createSandbox } from "../sandboxes/create.ts";
import { removeSandbox, stopSandbox } from "../sandboxes/end.ts";
import { processToEnter } from "../sandboxes/entryTarget.ts";
import { execInSandbox } from "../sandboxes/exec.ts";
import { exportSandbox } from "../sandboxes/exportAs.ts";
import type { SandboxHost } from "../sandboxes/host.ts";
import type { Asker } from "../sandboxes/identity/identity.ts";
import { listLayers, removeLayer } from "../sandboxes/kept/layers.ts";
import { killSandbox } from "../sandboxes/kill.ts";
import { inspectSandbox, listSandboxes, sandboxOf } from "../sandboxes/list.ts";
import { sandboxOfFiles } from "../sandboxes/ofFiles.ts";
import { pauseSandbox, unpauseSandbox } from "../sandboxes/pause.ts";
import { planSandbox } from "../sandboxes/preview.ts";
import { startSandbox } from "../sandboxes/start.ts";
import { processesOfTarget } from "../sandboxes/targetProcesses.ts";
import type { UsageFeed } from "../usage/feed.ts";
import type { EventWatch } from "./events.ts";
import { checkVersion, helperFacts } from "./facts.ts";
import { tellChanges } from "./limitEvents.ts";
import type { Reverts } from "./reverts.ts";

/** What a handler works with: the sandboxes of this helper, and what this connection watches. */
export interface Session {
  readonly host: SandboxHost;
  readonly containers: ContainerReader;
  /** Who is at the other end, for the audit log. */
  readonly who: { readonly uid: number; readonly pid?: number | undefined };
  /** For whom it works; whose the terminals are. */
  readonly person: Person;
  /** What was allowed, for this request. */
  readonly grant?: Grant | undefined;
  readonly watch: InventoryWatch;
  readonly usage: () => Promise<UsageFeed>;
  readonly events: EventWatch;
  readonly reverts: Reverts;
}

export interface Person extends Asker {
  /** Absent: those of this process. */
  readonly groups?: readonly number[];
}

/** Somebody's word that root may do one thing for another user. */
export interface Grant {
  /** For the audit log: what was asked, and by whom it was decided. */
  readonly decision: string;
  /** In the words in which it was asked. */
  readonly what: string;
  /** The process that it is about, as it was then. */
  readonly process?: ProcessStatus | undefined;
}

export type Details = Pick<AuditEntry, "target" | "changes">;

export interface Method<M extends MethodName> {
  /** Changes something: leaves a line in the audit log. */
  readonly changes: boolean;
  /** More for that line than who, which method and how it ended. */
  readonly details?: (parameters: ParameterOutput<M>, result: Results[M]) => Details;
  handle(session: Session, parameters: ParameterOutput<M>): Results[M] | Promise<Results[M]>;
}

/** One row per request. */
export const methods: { readonly [M in MethodName]: Method<M> } = {
  initialize: {
    changes: false,
    handle: ({ host }, client) => {
      checkVersion(client);
      return helperFacts(host);
    },
  },
  "sandbox/parse": {
    changes: false,
    // Rarely asked for, and a fifth of what the others load: its schema, and the words for what is wrong in a file.
    handle: async (_session, { text, folder }) => {
      const { readSandboxFile } = await import("../sandboxes/specFile.ts");
      return readSandboxFile(text, folder);
    },
  },
  "sandbox/plan": {
    changes: false,
    handle: ({ host }, parameters) => planSandbox(host, parameters),
  },
  "sandbox/export": {
    changes: false,
    handle: ({ host }, parameters) => exportSandbox(host, parameters),
  },
  "sandbox/create": {
    changes: true,
    handle: ({ host }, parameters) => createSandbox(host, parameters),
  },
  "sandbox/start": {
    changes: true,
    handle: ({ host }, parameters) => startSandbox(host, parameters),
  },
  "sandbox/list": { changes: false, handle: ({ host }, { all }) => listSandboxes(host, all) },
  "sandbox/inspect": {
    changes: false,
    handle: ({ host }, { target }) => inspectSandbox(host, target),
  },
  "sandbox/isolation": {
    changes: false,
    handle: async ({ host }, { target }) => (await isolation()).isolationOfSandbox(host, target),
  },
  "sandbox/exec": {
    changes: true,
    handle: ({ host }, parameters) => execInSandbox(host, parameters),
  },
  "sandbox/stop": {
    changes: true,
    handle: ({ host }, { target, timeoutMs }) => done(stopSandbox(host, target, timeoutMs)),
  },
  "sandbox/kill": {
    changes: true,
    handle: ({ host }, { target, signal }) => {
      killSandbox(host, target, signal);
      return null;
    },
  },
  "sandbox/pause": {
    changes: true,
    handle: ({ host }, { target }) => {
      pauseSandbox(host, target);
      return null;
    },
  },
  "sandbox/unpause": {
    changes: true,
    handle: ({ host }, { target }) => {
      unpauseSandbox(host, target);
      return null;
    },
  },
  "sandbox/remove": {
    changes: true,
    handle: ({ host }, { target, force }) => done(removeSandbox(host, target, force)),
  },
  "limits/read": {
    changes: false,
    handle: async ({ host }, { target }) =>
      (await import("../sandboxes/limits.ts")).readTargetLimits(host, target),
  },
  "limits/update": {
    changes: true,
    handle: async ({ host, person, reverts, events }, parameters) => {
      const updated = await (await limitChanges()).updateLimits(host, parameters);
      reverts.schedule(updated.revert, parameters.revertAfterMs);
      await tellChanges(events, parameters.target, person.uid, updated);
      return updated;
    },
    details: ({ target }, { changes }) => ({ target, changes }),
  },
  "limits/keep": {
    changes: true,
    handle: ({ reverts }, { revert }) => done(reverts.keep(revert)),
    details: ({ revert }) => ({ target: revert }),
  },
  "limits/revert": {
    changes: true,
    handle: ({ reverts }, { revert }) => done(reverts.revert(revert)),
    details: ({ revert }) => ({ target: revert }),
  },
  "layer/list": { changes: false, handle: ({ host }) => listLayers(host) },
  "layer/remove": {
    changes: true,
    handle: ({ host }, { name }) => done(removeLayer(host, name)),
  },
  "process/enter": {
    changes: true,
    handle: async (session, parameters) => {
      const process = await processToEnter(session.host, parameters);
      return enterProcess(visitorOf(session, process), { ...parameters, ...process });
    },
    details: ({ pid, target }, { thawed }) => ({
      target: target ?? `${pid}`,
      changes: thawed?.map((directory) => `thawed ${printable(directory)}`),
    }),
  },
  "process/entry": {
    changes: false,
    handle: async (session, parameters) => {
      const { previewEntry } = await import("../enter/preview.ts");
      const process = await processToEnter(session.host, parameters);
      const plan = previewEntry(visitorOf(session, process), { ...parameters, ...process });
      checkSameProcess(plan);
      return plan;
    },
  },
  "process/inspect": {
    changes: false,
    handle: ({ host }, process) => {
      const details = inspectProcess(process.pid);
      checkSameProcess(process);
      return { ...details, sandbox: sandboxOf(host, details) };
    },
  },
  "process/mounts": {
    changes: false,
    handle: (_session, process) => {
      const mounts = readMounts(process.pid);
      checkSameProcess(process);
      return mounts;
    },
  },
  "process/kill": {
    changes: true,
    handle: (_session, { pid, startTimeTicks, signal }) => {
      killProcess({ pid, startTimeTicks }, signal);
      return null;
    },
  },
  "target/processes": {
    changes: false,
    handle: ({ host }, { target }) => processesOfTarget(host, target),
  },
  "process/isolation": {
    changes: false,
    handle: async ({ host }, process) => {
      const report = (await isolation()).isolationOfProcess(host, process.pid);
      checkSameProcess(process);
      return report;
    },
  },
  "process/compare": {
    changes: false,
    handle: async ({ host }, parameters) =>
      (await import("../sandboxes/compare.ts")).compareProcesses(host, parameters),
  },
  "host/authorise": {
    changes: false,
    handle: ({ host }) => {
      const facts = helperFacts(host);
      if (facts.seesAll) return facts;
      const what = "see what belongs to other users";
      throw new TerrariumError("needsPrivilege", { what, needs: "the root helper" });
    },
  },
  "host/features": { changes: false, handle: () => reportFeatures() },
  "host/doctor": {
    // It makes sandboxes, if only to remove them.
    changes: true,
    handle: async ({ host }) => (await import("../doctor/report.ts")).examine(host),
  },
  "inventory/read": {
    changes: false,
    handle: ({ containers }, parameters) => readTables(parameters, containers),
  },
  "inventory/watch": {
    changes: false,
    handle: ({ watch }, { tables }) => {
      watch.set(tables);
      return null;
    },
  },
  "usage/sample": {
    changes: false,
    handle: async ({ usage }, { targets, skipMissing }) =>
      (await usage()).sample(targets, skipMissing),
  },
  "usage/watch": {
    changes: false,
    handle: async ({ usage }, parameters) => {
      (await usage()).watch(parameters);
      return null;
    },
  },
  "usage/history": {
    changes: false,
    handle: async ({ usage }, { target }) => (await usage()).history(target),
  },
  "events/watch": {
    changes: false,
    handle: async ({ events }, wanted) => ({ gone: await events.set(wanted) }),
  },
  "events/history": {
    changes: false,
    handle: ({ events }, { sinceMs, ...wanted }) => events.history(wanted, sinceMs),
  },
};

function visitorOf({ host, person, grant }: Session, { pid }: { readonly pid: number }): Visitor {
  const socket = host.registry.terminalSocket();
  const { uid, gid } = host.asker;
  const guest = person.uid === uid ? undefined : { groups: [], ...person, allowed: grant?.process };
  const { landlock } = sandboxOfFiles(host.registry.records(), pid)?.spec ?? {};
  return { ...person, uid, gid, guest, socket, landlock };
}

/** Rarely asked for, so loaded then. */
function isolation() {
  return import("../sandboxes/isolation.ts");
}

function limitChanges() {
  return import("../sandboxes/updateLimits.ts");
}

async function done(work: Promise<void>): Promise<null> {
  await work;
  return null;
}
