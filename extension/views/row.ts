import type {
  CgroupFact,
  CgroupHierarchy,
  NamespaceFact,
  ProcessFact,
  SandboxSummary,
} from "../../helper/protocol/inventory.ts";
import type { NamespaceType } from "../../helper/protocol/namespaces.ts";
import type { RowToken } from "../contributions.ts";

/** What a row stands for: what a command on it acts on. */
export type Subject =
  | { readonly kind: "sandbox"; readonly sandbox: SandboxSummary }
  | { readonly kind: "process"; readonly process: ProcessFact }
  | { readonly kind: "namespace"; readonly namespace: NamespaceFact }
  | { readonly kind: "cgroup"; readonly hierarchy: CgroupHierarchy; readonly cgroup: CgroupFact }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "group" };

/** A codicon, and one of the editor's colours where the state is worth one. */
export interface RowIcon {
  readonly codicon: string;
  readonly color?: string;
}

/** The tooltip: a title, one sentence that teaches, and a table of facts. */
export interface Card {
  readonly title: string;
  readonly lesson?: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** One row of a tree as plain data; tree.ts turns it into VS Code's items. */
export interface Row {
  /** Stable between reports, unique in its tree: expansion and selection hang on it. */
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly icon: RowIcon;
  /** Read by menus: see rowTokens. */
  readonly tokens: readonly (RowToken | NamespaceType)[];
  readonly subject: Subject;
  /** What a screen reader says: the state in words, which sighted people also get from the icon. */
  readonly spoken: string;
  readonly card: () => Card;
  /** Id of the sandbox whose alerts mark it. */
  readonly alerts?: string;
  /** Absent for a leaf. Called only for rows that are open. */
  readonly children?: () => readonly Row[];
  readonly startsOpen?: boolean;
}
