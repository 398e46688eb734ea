/**
 * What a process that enters takes over of its target, beside the namespaces. One row each: the command line, the
 * schema and the launcher's options are made from it.
 */
export const followed = [
  {
    name: "identity",
    what: "ids, groups, capabilities and no_new_privs",
    /** Without it the process could do more than its target. */
    confines: true,
  },
  { name: "seccomp", what: "the filters of system calls", confines: true },
  { name: "label", what: "the label of AppArmor or SELinux", confines: true },
  { name: "cgroup", what: "the cgroup in every hierarchy", confines: true },
  { name: "rlimits", what: "resource limits", confines: true },
  { name: "environment", what: "PATH, HOME, LANG and the like", confines: false },
  { name: "umask", what: "the mask of new files", confines: false },
  { name: "affinity", what: "the processors it may run on", confines: false },
  { name: "scheduling", what: "scheduling policy and nice value", confines: false },
  { name: "ioprio", what: "priority of its input and output", confines: false },
  { name: "oom_score_adj", what: "how soon the OOM killer takes it", confines: false },
  { name: "personality", what: "the execution domain (setarch(8))", confines: false },
  { name: "timer_slack", what: "how late its timers may be", confines: false },
] as const;

export type FollowedName = (typeof followed)[number]["name"];

export const followedNames: readonly FollowedName[] = followed.map(({ name }) => name);

/** What could not be taken over, and the kernel's answer. */
export interface Unfollowed {
  readonly name: FollowedName;
  readonly errno: string;
}

export function isFollowedName(text: string): text is FollowedName {
  return followedNames.some((name) => name === text);
}

/** Whether the process may do more than its target, as far as these go. */
export function isLooser(follow: readonly FollowedName[]): boolean {
  return followed.some(({ name, confines }) => confines && !follow.includes(name));
}

export function describeUnfollowed({ name, errno }: Unfollowed): string {
  const what = followed.find((row) => row.name === name)?.what ?? name;
  const instead = name === "seccomp" ? "; Terrarium's own filter stands in for them" : "";
  return `${what} could not be taken over (${name}: ${errno})${instead}`;
}

/** When tools are brought along in a root of their own, with the target's at /target. */
export const toolboxChoices = ["never", "auto", "always"] as const;
export type ToolboxChoice = (typeof toolboxChoices)[number];

export interface ToolboxOffer {
  /** This entry would have it. */
  readonly used: boolean;
  /** Why it cannot be had; absent: it can. */
  readonly missing?: string | undefined;
}

/** One line of what an entry would be. */
export interface EntryRow {
  readonly name: string;
  /** Of who asks, as far as the helper is it. */
  readonly host: string;
  readonly target: string;
  readonly entered: string;
}

/** What entering a process would mean, without doing it. */
export interface EntryPlan {
  readonly pid: number;
  readonly startTimeTicks: number;
  readonly command: string;
  readonly user: string;
  /** The command that would run. */
  readonly args: readonly string[];
  readonly namespaces: readonly string[];
  /** Those among the target's files, the one that would be started first; absent where nobody may look. */
  readonly shells?: readonly string[] | undefined;
  readonly toolbox: ToolboxOffer;
  /** The cgroups that hold it still: `thaw` lets them go. Absent: it runs. */
  readonly frozen?: readonly string[] | undefined;
  /** Where host, target and who enters are not the same. */
  readonly rows: readonly EntryRow[];
}
