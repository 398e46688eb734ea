import type { MethodName } from "../protocol/methods.ts";

/**
 * What a request of somebody who is not root means for root's helper. Whatever it is, the asker's own agent does
 * what is the asker's, with the asker's rights (gate/gate.ts); root is asked for the rest, where that is allowed.
 */
export type MethodClass = keyof typeof classes;

export interface ClassFacts {
  /** What a person is asked to allow; absent: root's handlers are never reached. */
  readonly action?: string;
  /** Who is asked first; the other is where the first does not know, or may not. */
  readonly first: "gate" | "agent" | "root";
  /** Allowed for as long as the client is connected, or for one request. */
  readonly kept: boolean;
}

export const classes = {
  /** About the connection itself. */
  connection: { first: "gate", kept: false },
  /** The asker's processes, usage and events, and what the kernel tells everybody. */
  "inspect-own": { first: "agent", kept: false },
  /** The asker's sandboxes and layers. */
  sandbox: { first: "agent", kept: false },
  /** Everybody's processes and namespaces. */
  "inspect-all": { first: "root", kept: true, action: "io.github.terrarium.inspect" },
  /** The same, but what the asker would do themselves is told by their agent. */
  preview: { first: "agent", kept: true, action: "io.github.terrarium.inspect" },
  /** A process of somebody else's: to enter it, or to end it, which who enters it could. */
  enter: { first: "agent", kept: false, action: "io.github.terrarium.enter" },
  /** A cgroup or a process of somebody else's. */
  limits: { first: "agent", kept: false, action: "io.github.terrarium.limits" },
} as const satisfies Readonly<Record<string, ClassFacts>>;

/** One row per method: one without a class does not compile. */
export const classOf: { readonly [M in MethodName]: MethodClass } = {
  initialize: "connection",
  "host/authorise": "connection",
  "sandbox/parse": "sandbox",
  "sandbox/plan": "sandbox",
  "sandbox/export": "sandbox",
  "sandbox/create": "sandbox",
  "sandbox/start": "sandbox",
  "sandbox/list": "sandbox",
  "sandbox/inspect": "sandbox",
  "sandbox/isolation": "sandbox",
  "sandbox/exec": "sandbox",
  "sandbox/stop": "sandbox",
  "sandbox/kill": "sandbox",
  "sandbox/pause": "sandbox",
  "sandbox/unpause": "sandbox",
  "sandbox/remove": "sandbox",
  "layer/list": "sandbox",
  "layer/remove": "sandbox",
  "host/features": "inspect-own",
  "host/doctor": "inspect-own",
  "usage/sample": "inspect-own",
  "usage/watch": "inspect-own",
  "usage/history": "inspect-own",
  "events/watch": "inspect-own",
  "events/history": "inspect-own",
  "inventory/read": "inspect-all",
  "inventory/watch": "inspect-all",
  "process/inspect": "inspect-all",
  "process/mounts": "inspect-all",
  "process/isolation": "inspect-all",
  "process/compare": "inspect-all",
  "target/processes": "inspect-all",
  "limits/read": "inspect-all",
  "process/entry": "preview",
  "process/enter": "enter",
  "process/kill": "enter",
  "limits/update": "limits",
  "limits/keep": "limits",
  "limits/revert": "limits",
};
