import type { ProcessFact } from "./inventory.ts";

/** What holds one process and what it still shares: one line for each thing that was looked at. */

export const isolationGroups = [
  "namespaces",
  "privileges",
  "files",
  "sockets",
  "limits",
  "kernel",
] as const;
export type IsolationGroup = (typeof isolationGroups)[number];

export const isolationGroupTitles: Readonly<Record<IsolationGroup, string>> = {
  namespaces: "Namespaces",
  privileges: "Privileges",
  files: "Files and devices",
  sockets: "Network and sockets",
  limits: "Limits",
  kernel: "What every process of a Linux machine shares",
};

/**
 * `closed`: held. `partly`: open a little, by choice, or because Linux has nothing to close it with. `open`:
 * a way to the host, or to what does not belong to the process. `unknown`: the kernel did not tell.
 */
export const isolationLevels = ["open", "partly", "closed", "unknown"] as const;
export type IsolationLevel = (typeof isolationLevels)[number];

/** A shape and a word for each level: neither hangs on a colour. */
export const isolationLevelWords: Readonly<
  Record<IsolationLevel, { readonly mark: string; readonly is: string }>
> = {
  open: { mark: "✗", is: "open" },
  partly: { mark: "▲", is: "partly open" },
  closed: { mark: "●", is: "closed" },
  unknown: { mark: "?", is: "not known" },
};

export interface IsolationLine {
  readonly group: IsolationGroup;
  readonly name: string;
  readonly level: IsolationLevel;
  /** What was read, in words. */
  readonly fact: string;
  /** The file that it was read from. */
  readonly source: string;
  /** How much it matters; absent where it is closed and nothing is left to say. */
  readonly matters?: string | undefined;
  /** What would close it, where something would. */
  readonly remedy?: string | undefined;
}

export interface IsolationReport {
  readonly process: ProcessFact;
  /** Name of the sandbox that it is in. */
  readonly sandbox?: string | undefined;
  readonly lines: readonly IsolationLine[];
}
