import type { HostCgroup, HostContainer, HostHierarchy } from "../../helper/protocol/hostTables.ts";
import type { ProcessFact, SandboxSummary } from "../../helper/protocol/inventory.ts";
import type { NamespaceType } from "../../helper/protocol/namespaces.ts";
import type { RowToken } from "../contributions.ts";

/** A namespace as a command needs it: which one, whose, and the way in. */
export interface NamespaceSubject {
  readonly type: NamespaceType;
  readonly inode: number;
  readonly isInitial: boolean;
  /** In words: `host`, a container's name, what keeps it alive. */
  readonly whose: string;
  readonly processes: number;
  /** Its topmost process; absent where none is in it. */
  readonly topmost?: ProcessFact | undefined;
}

/** What a row stands for: what a command on it acts on. */
export type Subject =
  | { readonly kind: "sandbox"; readonly sandbox: SandboxSummary }
  | { readonly kind: "container"; readonly container: HostContainer }
  | { readonly kind: "process"; readonly process: ProcessFact }
  | { readonly kind: "namespace"; readonly namespace: NamespaceSubject }
  | {
      readonly kind: "cgroup";
      readonly hierarchy: HostHierarchy;
      readonly cgroup: HostCgroup;
      readonly title: string;
    }
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
  /**
   * Whose alerts mark it: a sandbox's id, or a cgroup's directory. Where the row itself says that there is one, absent
   * without: VS Code takes in thousands of rows the faster the less each says.
   */
  readonly alerts?: string;
  /** Its processes stand still: a mark beside the label says so. */
  readonly isFrozen?: boolean;
  /** What a filter finds beside label and description: an id, a path. */
  readonly alsoFound?: string;
  /** What every row of its kind has: a filter does not look into it. */
  readonly isDetail?: boolean;
  /** Absent for a leaf. Called only for rows that are open. */
  readonly children?: () => readonly Row[];
  readonly startsOpen?: boolean;
  /** A filter keeps it only for what is below it. */
  readonly isOnTheWay?: boolean;
}
