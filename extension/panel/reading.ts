import type { MountFact, SandboxDetails } from "../../helper/protocol/inventory.ts";
import type {
  PanelAction,
  PanelHeader,
  PanelSnapshot,
  PanelSubject,
  PanelTab,
} from "../../helper/protocol/panel.ts";
import { panelTabs } from "../../helper/protocol/panel.ts";
import type { Helper } from "../connection/helper.ts";
import { accessOf } from "../views/mountRows.ts";
import { stateWords } from "../views/words.ts";
import { processOf, targetOf } from "./identity.ts";

/** What of a snapshot is read from the helper. */
type Facts = Omit<PanelSnapshot, "subject" | "tabs" | "problem">;

/** A cgroup has no namespaces, mounts or privileges: its processes have. */
const cgroupTabs: readonly PanelTab[] = ["usage", "limits", "processes", "events"];

export function tabsOf({ kind }: PanelSubject): readonly PanelTab[] {
  return kind === "cgroup" ? cgroupTabs : panelTabs;
}

/** The header's facts and those that the tab shows. Rejects with the helper's errors. */
export async function readFacts(
  helper: Helper,
  subject: PanelSubject,
  tab: PanelTab,
): Promise<Facts> {
  const [facts, ofTab] = await Promise.all([
    subjectReaders[subject.kind](helper, subject),
    tabReaders[tab]?.(helper, subject),
  ]);
  return { ...facts, ...ofTab };
}

type Reader = (helper: Helper, subject: PanelSubject) => Promise<Facts>;

const subjectReaders: Readonly<Record<PanelSubject["kind"], Reader>> = {
  sandbox: async (helper, { target }) => {
    const details = await helper.request("sandbox/inspect", { target });
    const { namespaces, mountsLeftOut } = details;
    return {
      header: sandboxHeader(details),
      namespaces,
      mountsLeftOut,
      mounts: details.mounts.map((mount) => ({ ...mount, access: accessOf(mount, details) })),
    };
  },
  process: async (helper, subject) => {
    const details = await helper.request("process/inspect", processOf(subject));
    const { pid, namespaces, startedAtMs } = details;
    return { header: { ...processHeader, pid, upMs: Date.now() - startedAtMs }, namespaces };
  },
  cgroup: async () => ({}),
};

const processHeader: PanelHeader = { state: "running", stateWords: "running", actions: ["enter"] };

const tabReaders: Readonly<Partial<Record<PanelTab, Reader>>> = {
  processes: async (helper, subject) => ({
    processes: await helper.request("target/processes", { target: targetOf(subject) }),
  }),
  events: async (helper, subject) => ({
    events: await helper.request("events/history", { targets: [targetOf(subject)] }),
  }),
  mounts: async (helper, subject) =>
    subject.kind === "sandbox" ? {} : mountsOfProcess(helper, subject),
  isolation: async (helper, subject) => ({
    isolation:
      subject.kind === "sandbox"
        ? await helper.request("sandbox/isolation", { target: subject.target })
        : await helper.request("process/isolation", processOf(subject)),
  }),
};

/** What of them is private, only the spec of a sandbox tells. */
async function mountsOfProcess(helper: Helper, subject: PanelSubject): Promise<Facts> {
  const { mounts, mountsLeftOut } = await helper.request("process/mounts", processOf(subject));
  const isReadOnly = ({ options }: MountFact) => options.split(",").includes("ro");
  return {
    mounts: mounts.map((mount) => ({
      ...mount,
      access: isReadOnly(mount) ? "read-only" : "writable",
    })),
    mountsLeftOut,
  };
}

function sandboxHeader(details: SandboxDetails): PanelHeader {
  const state = headerStates[details.state];
  return {
    state,
    stateWords: stateWords(details),
    pid: details.pid,
    upMs: state === "resting" ? undefined : Date.now() - details.createdAtMs,
    actions: actionsIn[details.state],
  };
}

type SandboxState = SandboxDetails["state"];

const headerStates: Readonly<Record<SandboxState, PanelHeader["state"]>> = {
  created: "resting",
  creating: "resting",
  running: "running",
  paused: "paused",
  exited: "resting",
};

const actionsIn: Readonly<Record<SandboxState, readonly PanelAction[]>> = {
  created: ["start"],
  creating: [],
  running: ["enter", "pause", "stop"],
  paused: ["resume", "stop"],
  exited: ["start"],
};
