import { release } from "node:os";
import { initialNamespaces } from "../../inventory/namespaces/initial.ts";
import { processFact } from "../../inventory/processes.ts";
import { readLsmLabel } from "../../kernel/confinement.ts";
import { type DeviceNode, readDeviceNodes } from "../../kernel/devices.ts";
import { hostPathOf, isBelow, visibleMounts } from "../../kernel/hostPaths.ts";
import { readUsers } from "../../kernel/identity.ts";
import { type Known, tryToKnow } from "../../kernel/known.ts";
import type { MountInfo } from "../../kernel/mountinfo.ts";
import { readInterfaces, readListeningSockets } from "../../kernel/network.ts";
import {
  type NamespaceLinks,
  namespaceLinks,
  processIds,
  readMountinfo,
  readStatus,
} from "../../kernel/procfs.ts";
import { TerrariumError } from "../../protocol/errors.ts";
import type { ProcessFact } from "../../protocol/inventory.ts";
import { type NamespaceType, namespaceTypes } from "../../protocol/namespaces.ts";
import type { Asked, IsolationFacts } from "./facts.ts";
import { heldLimits } from "./heldLimits.ts";

export interface WhoseProcess {
  readonly sandbox?: string | undefined;
  readonly asked?: Asked | undefined;
}

/** Reads what the checks look at. Throws noSuchProcess, also when the pid was given anew meanwhile. */
export function gatherFacts(pid: number, { sandbox, asked }: WhoseProcess): IsolationFacts {
  const process = factOf(pid);
  const initial = initialNamespaces();
  const namespaces = knownNamespaces(pid);
  const status = known(() => readStatus(pid));
  const mounts = known(() => visibleMountsOf(pid));
  const hostMounts = readMountinfo("self") ?? [];
  const facts: IsolationFacts = {
    process,
    sandbox,
    asked,
    status,
    user: status.known ? readUsers().get(status.value.uid.effective)?.name : undefined,
    namespaces,
    initial,
    ...(namespaces.known
      ? othersIn(namespaces.value, initial)
      : { others: {}, deniedProcesses: 0 }),
    label: tryToKnow(() => readLsmLabel(pid)),
    mounts,
    hostMounts,
    devices: readDevices(pid, namespaces, initial, mounts, hostMounts),
    interfaces: tryToKnow(() => readInterfaces(pid)),
    sockets: tryToKnow(() => readListeningSockets(pid)),
    hostSockets: tryToKnow(() => readListeningSockets("self")),
    limits: heldLimits(pid),
    release: release(),
  };
  if (factOf(pid).startTimeTicks !== process.startTimeTicks) throw gone(pid);
  return facts;
}

function factOf(pid: number): ProcessFact {
  const fact = processFact(pid);
  if (!fact) throw gone(pid);
  return fact;
}

function visibleMountsOf(pid: number): readonly MountInfo[] | undefined {
  const mounts = readMountinfo(pid);
  return mounts && visibleMounts(mounts);
}

function gone(pid: number): TerrariumError {
  return new TerrariumError("noSuchProcess", { pid });
}

function known<T>(read: () => T | undefined): Known<T> {
  const answer = tryToKnow(read);
  if (!answer.known) return answer;
  const { value } = answer;
  return value === undefined ? { known: false, why: "it has ended" } : { known: true, value };
}

function knownNamespaces(pid: number): Known<NamespaceLinks> {
  const links = namespaceLinks(pid);
  if (typeof links === "object") return { known: true, value: links };
  return { known: false, why: links === "denied" ? "EACCES" : "it has ended" };
}

/**
 * Who else is in a namespace that is not the host's: processes that see other files (for the mount namespace:
 * other processes). Those of the same container share both, however they came into it.
 */
function othersIn(
  own: NamespaceLinks,
  initial: ReadonlySet<number>,
): Pick<IsolationFacts, "others" | "deniedProcesses"> {
  const others: Partial<Record<NamespaceType, ProcessFact[]>> = {};
  let deniedProcesses = 0;
  for (const pid of processIds()) {
    const links = namespaceLinks(pid);
    // PID 1 may have more capabilities than root has here; it is in the host's namespaces.
    if (links === "denied" && pid !== 1) deniedProcesses += 1;
    if (typeof links !== "object") continue;
    for (const type of namespaceTypes) {
      const view = type === "mnt" ? "pid" : "mnt";
      const isMember = links[type] === own[type] && !initial.has(own[type]) && own[type] !== 0;
      if (!isMember || links[view] === own[view] || links[view] === 0) continue;
      const fact = processFact(pid);
      if (fact) others[type] = [...(others[type] ?? []), fact];
    }
  }
  return { others, deniedProcesses };
}

/**
 * In a user namespace of its own only devices that were mounted there from the host can be opened: file systems
 * that it mounts itself have none (fs/super.c, SB_I_NODEV). So its files, which it could make slow, are not read.
 */
function readDevices(
  pid: number,
  namespaces: Known<NamespaceLinks>,
  initial: ReadonlySet<number>,
  mounts: Known<readonly MountInfo[]>,
  hostMounts: readonly MountInfo[],
): Known<readonly DeviceNode[]> {
  if (!namespaces.known) return namespaces;
  if (initial.has(namespaces.value.user)) {
    return tryToKnow(() => readDeviceNodes(`/proc/${pid}/root/dev`, "/dev"));
  }
  if (!mounts.known) return mounts;
  return tryToKnow(() =>
    mounts.value
      .filter(({ options }) => !options.split(",").includes("nodev"))
      .flatMap((mount) => {
        const path = hostPathOf(mount, hostMounts);
        const isDevice = path !== undefined && isBelow(path, "/dev");
        return isDevice ? readDeviceNodes(path, mount.mountPoint) : [];
      }),
  );
}
