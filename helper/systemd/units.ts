/** The units of systemd's that sandboxes of root live in: a scope each, in one slice. */

/**
 * Not the system's: what all sandboxes have together is ours to say, and shows as one in systemd-cgls. Systemd makes it
 * with the first scope and keeps it, as it keeps machine.slice. One that it was told to stop when it is empty
 * (StopWhenUnneeded) can, while it stops, neither be made nor be used by the next sandbox.
 */
export const sliceName = "terrarium.slice";

export function scopeName(id: string): string {
  return `terrarium-${id}.scope`;
}

/** The id that a scope's name holds. */
export function scopeId(name: string): string | undefined {
  return /^terrarium-([0-9a-f]{12})\.scope$/.exec(name)?.[1];
}

/** A property of a unit, with its type as busctl(1) spells it. */
export interface UnitProperty {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

export interface ScopeRequest {
  readonly id: string;
  readonly name: string;
  readonly tty: boolean;
}

/** As `terrarium stop` gives. */
const stopTimeoutMs = 5_000;

/** systemd.scope(5), systemd.resource-control(5), systemd.kill(5). */
export function scopeProperties({ name, tty }: Omit<ScopeRequest, "id">): readonly UnitProperty[] {
  return [
    { name: "Description", type: "s", value: `Sandbox ${name} of Terrarium` },
    { name: "Slice", type: "s", value: sliceName },
    { name: "Delegate", type: "b", value: "true" },
    // The limits are the sandbox's own; systemd's default is a part of the machine's.
    { name: "TasksMax", type: "t", value: `${2n ** 64n - 1n}` },
    // Gone with its last process, also when that was killed.
    { name: "CollectMode", type: "s", value: "inactive-or-failed" },
    { name: "TimeoutStopUSec", type: "t", value: `${stopTimeoutMs * 1000}` },
    // An interactive shell ignores SIGTERM; that its terminal is gone it does heed.
    { name: "SendSIGHUP", type: "b", value: `${tty}` },
  ];
}

/** What a user's agent and its sandboxes are in, so that what bounds the user bounds them. */
export interface AgentScope {
  readonly unit: string;
  readonly slice: string;
  readonly properties: readonly UnitProperty[];
}

/** One for all agents of a user; it is there for as long as one of them, or a sandbox, has a process. */
export function agentScope(uid: number): AgentScope {
  const slice = `user-${uid}.slice`;
  return {
    unit: `terrarium-agent-${uid}.scope`,
    slice,
    properties: [
      { name: "Description", type: "s", value: `Terrarium for user ${uid}` },
      { name: "Slice", type: "s", value: slice },
      { name: "Delegate", type: "b", value: "true" },
      { name: "CollectMode", type: "s", value: "inactive-or-failed" },
    ],
  };
}
