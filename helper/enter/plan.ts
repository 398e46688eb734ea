import { readStatus } from "../kernel/procfs.ts";
import type { ProcessStat, ProcessStatus } from "../kernel/proctext.ts";
import { buildEnvironment } from "../launch/environment.ts";
import { chooseShell, shellCommand } from "../launch/shell.ts";
import { TerrariumError } from "../protocol/errors.ts";
import type { FollowedName, ToolboxOffer, Unfollowed } from "../protocol/following.ts";
import type { NamespaceType } from "../protocol/namespaces.ts";
import { printable } from "../protocol/printable.ts";
import type { ParameterOutput, SandboxSpec } from "../protocol/schemas.ts";
import { joinableCgroups } from "./cgroups.ts";
import type { EnterPlan } from "./enter.ts";
import { enterable } from "./enterable.ts";
import { followedEnvironment } from "./environment.ts";
import { becoming, checkGuest, type Guest } from "./guest.ts";
import { chooseNamespaces } from "./namespaces.ts";
import { idInside, type Person, personInside } from "./person.ts";
import { type Frozen, frozenOf } from "./thaw.ts";
import { findToolbox, howToGetToolbox, toolboxEnvironment, toolboxShell } from "./toolbox.ts";

/** Who enters, and where its terminal can be reached. */
export interface Visitor {
  /** Of this helper: what the kernel lets it do. */
  readonly uid: number;
  readonly gid: number;
  /** For whom root's helper enters; absent: for the helper's own user. */
  readonly guest?: Guest | undefined;
  readonly name: string;
  readonly home: string;
  readonly shell: string;
  readonly socket: string;
  /** What the sandbox of the process, if it is one of ours, asks of Landlock. */
  readonly landlock: SandboxSpec["landlock"];
}

/** Which process it is has been found out. */
export type EntryParameters = Omit<ParameterOutput<"process/enter">, "pid" | "target"> & {
  readonly pid: number;
};

export interface PlannedEntry {
  readonly stat: ProcessStat;
  readonly status: ProcessStatus;
  readonly plan: EnterPlan;
  /** What is taken over, as far as the helper can say. */
  readonly follow: ReadonlySet<FollowedName>;
  readonly unfollowed: readonly Unfollowed[];
  /** Among the target's files; undefined where nobody may look. */
  readonly shells: readonly string[] | undefined;
  readonly toolbox: ToolboxOffer;
  readonly frozen: Frozen | undefined;
}

/**
 * How to enter any process: all namespaces that differ from ours, and all that is to be followed of the target; or
 * only the types that were asked for, keeping our own identity unless the user namespace is among them (without it
 * the target's ids would mean somebody else) or the mount namespace (whose files the target may have written).
 */
export function planEntry(visitor: Visitor, parameters: EntryParameters): PlannedEntry {
  const { pid, only } = parameters;
  const stat = enterable(pid, parameters.startTimeTicks);
  const namespaces = chooseNamespaces(pid, only, visitor.uid === 0);
  const status = readStatus(pid);
  if (!status) throw new TerrariumError("noSuchProcess", { pid });
  checkRoot(visitor, parameters);
  const follow = followedOf(parameters, namespaces);
  checkGuest(visitor, parameters, follow, namespaces);
  const cgroups = follow.has("cgroup") ? joinableCgroups(pid) : undefined;
  const directories = cgroups?.directories ?? [];
  const joinsFiles = namespaces.includes("mnt");
  const person = personOf(visitor, parameters, status, namespaces);
  const copied = follow.has("environment") ? followedEnvironment(pid) : {};
  const { toolbox, program } = chooseToolbox(parameters, joinsFiles, person.shells);
  const shell = program === undefined ? (person.shells?.[0] ?? "/bin/sh") : toolboxShell;
  const { stdio, asRoot } = parameters;
  const plan: EnterPlan = {
    ...{ pid, namespaces, asRoot, stdio, socket: visitor.socket },
    toolbox: program === undefined ? undefined : { program, tools: [] },
    workdir: parameters.workdir,
    startTimeTicks: stat.startTimeTicks,
    follow: follow.has("identity"),
    left: leftOf(follow),
    seccomp: filterFor(status, follow),
    landlock: joinsFiles && !asRoot ? visitor.landlock : undefined,
    cgroupDirectories: directories,
    environment: (program === undefined ? sameEnvironment : toolboxEnvironment)(
      buildEnvironment({
        user: { ...person, shell },
        clientEnv: parameters.clientEnv,
        tty: stdio === "tty",
        set: copied,
      }),
    ),
    args: [
      ...(follow.has("identity") ? [] : becoming(visitor.guest)),
      ...(parameters.args ?? shellCommand(shell)),
    ],
    owner: [visitor.guest?.uid ?? visitor.uid, visitor.guest?.gid ?? visitor.gid],
    allowed: visitor.guest?.allowed,
    title: title(stat.command, parameters),
  };
  const errno = cgroups?.errno;
  const unfollowed: readonly Unfollowed[] = errno ? [{ name: "cgroup", errno }] : [];
  const { shells } = person;
  const frozen = frozenOf(directories);
  return { stat, status, plan, follow, unfollowed, shells, toolbox, frozen };
}

const sameEnvironment = (environment: Readonly<Record<string, string>>) => environment;

/** Whether tools are brought along, and from where. Without the target's files there are the host's own. */
function chooseToolbox(
  { toolbox: choice }: EntryParameters,
  joinsFiles: boolean,
  shells: readonly string[] | undefined,
): { readonly toolbox: ToolboxOffer; readonly program?: string | undefined } {
  if (!joinsFiles) {
    const missing = "the files are the host's, and so are its shells and tools";
    return { toolbox: { used: choice === "always", missing } };
  }
  const program = findToolbox();
  // Nobody may look into a root that could be a program's: whoever asked for tools gets them then.
  const isBare = shells === undefined || shells.length === 0;
  const used = choice === "always" || (choice === "auto" && isBare);
  if (program === undefined) return { toolbox: { used, missing: howToGetToolbox } };
  return { toolbox: { used }, program: used ? program : undefined };
}

function checkRoot(visitor: Visitor, { asRoot }: EntryParameters): void {
  if (!asRoot || visitor.uid === 0) return;
  throw new TerrariumError("needsPrivilege", {
    what: "enter as root",
    needs: "a helper of root's",
  });
}

/** Who only looks at a network from here stays where it is, and who it is. */
function followedOf(
  { only, follow, asRoot }: EntryParameters,
  namespaces: readonly NamespaceType[],
): ReadonlySet<FollowedName> {
  const inside = namespaces.includes("user") || namespaces.includes("mnt");
  const nowhere: readonly FollowedName[] = only === undefined ? [] : ["cgroup"];
  const rootless: readonly FollowedName[] = ["cgroup", "environment"];
  const wanted = asRoot ? rootless : only === undefined || inside ? follow : onlyFilter;
  const files: readonly FollowedName[] = namespaces.includes("mnt") ? [] : ["environment"];
  return new Set(wanted.filter((name) => ![...nowhere, ...files].includes(name)));
}

const onlyFilter: readonly FollowedName[] = ["seccomp"];

/** Those that the launcher knows by these names too. */
const byLauncher = [
  ...["rlimits", "umask", "affinity", "scheduling", "ioprio"],
  ...["oom_score_adj", "personality", "timer_slack", "label"],
] as readonly FollowedName[];

function leftOf(follow: ReadonlySet<FollowedName>): readonly FollowedName[] {
  return byLauncher.filter((name) => !follow.has(name));
}

/** The target's own filters mean something to its own identity. */
function filterFor(status: ProcessStatus, follow: ReadonlySet<FollowedName>): EnterPlan["seccomp"] {
  if (!follow.has("seccomp") || status.seccomp === 0) return "none";
  return follow.has("identity") ? "target" : "default";
}

function personOf(
  visitor: Visitor,
  { pid, asRoot, follow }: EntryParameters,
  status: ProcessStatus,
  namespaces: readonly NamespaceType[],
): Person {
  const { name, home } = visitor;
  if (!namespaces.includes("mnt")) {
    return { name, home, shells: [chooseShell("/", visitor.shell)] };
  }
  const outside = follow.includes("identity") ? status.uid.effective : visitor.uid;
  const uid = namespaces.includes("user") ? idInside(pid, outside) : outside;
  return personInside(pid, asRoot ? 0 : uid);
}

function title(command: string, { only, asRoot }: EntryParameters): string {
  const words = [...(only ?? []), ...(asRoot ? ["root"] : [])];
  return words.length > 0 ? `${printable(command)} (${words.join(", ")})` : printable(command);
}
