import * as vscode from "vscode";
import { comparisonText } from "../../helper/protocol/comparisonText.ts";
import { tableKeys } from "../../helper/protocol/hostTables.ts";
import type { Helper } from "../connection/helper.ts";
import { documentScheme } from "../contributions.ts";
import { failureText, UserError } from "../failure.ts";

/** `key`: a sandbox id, a pid, a row's key in its table, or the two targets of a comparison. */
export interface Inspectable {
  readonly kind: keyof typeof readers;
  readonly key: string;
  /** Names the tab. */
  readonly title: string;
}

type Reader = (helper: Helper, key: string) => Promise<string>;

const readers = {
  sandbox: async (helper, target) => json(await helper.request("sandbox/inspect", { target })),
  process: async (helper, pid) =>
    json(await helper.request("process/inspect", { pid: Number(pid) })),
  container: async (helper, key) => {
    const { containers } = await helper.request("inventory/read", { tables: ["containers"] });
    return rowOf(containers, tableKeys.containers, key);
  },
  namespace: async (helper, key) => {
    const { namespaces } = await helper.request("inventory/read", { tables: ["namespaces"] });
    return rowOf(namespaces, tableKeys.namespaces, key);
  },
  cgroup: async (helper, key) => {
    const { cgroups } = await helper.request("inventory/read", { tables: ["cgroups"] });
    return rowOf(cgroups, tableKeys.cgroups, key);
  },
  comparison: async (helper, key) => {
    const [left = "", right = ""] = key.split(" ");
    return comparisonText(await helper.request("process/compare", { left, right }));
  },
} as const satisfies Readonly<Record<string, Reader>>;

/** Text that people read, and data that tools read. */
const extensions: Readonly<Record<keyof typeof readers, string>> = {
  ...{ sandbox: "json", process: "json", container: "json", namespace: "json", cgroup: "json" },
  comparison: "txt",
};

/** One of the two that are compared: as the helper takes it, and as a person calls it. */
export interface ComparedSide {
  readonly target: string;
  readonly title: string;
}

/** Read-only documents of the terrarium: scheme, made afresh each time that they are opened. */
export class InspectDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #helper: Helper;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #registration: vscode.Disposable;

  readonly onDidChange = this.#changed.event;

  constructor(helper: Helper) {
    this.#helper = helper;
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(documentScheme, this);
  }

  /** Opens a document, or reads the one that is open already once more. */
  async open({ kind, key, title }: Inspectable): Promise<void> {
    const uri = vscode.Uri.from({
      scheme: documentScheme,
      authority: kind,
      path: `/${title.replace(/[/\\]/g, "_")}.${extensions[kind]}`,
      query: key,
    });
    this.#changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  /** What differs between two processes. */
  async openComparison(left: ComparedSide, right: ComparedSide): Promise<void> {
    const title = `${left.title} and ${right.title}`;
    await this.open({ kind: "comparison", key: `${left.target} ${right.target}`, title });
  }

  /** What cannot be read is said in the document itself: it stays true when the tab is restored. */
  async provideTextDocumentContent({ authority, query }: vscode.Uri): Promise<string> {
    const read = Object.entries<Reader>(readers).find(([name]) => name === authority)?.[1];
    if (!read) return `There is nothing to inspect under "${authority}".`;
    try {
      return `${await read(this.#helper, query)}\n`;
    } catch (error) {
      return failureText(error);
    }
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}

/** One row of a table as it is now. */
function rowOf<Row>(
  rows: readonly Row[] | undefined,
  keyOf: (row: Row) => string,
  key: string,
): string {
  const row = rows?.find((one) => keyOf(one) === key);
  if (!row) throw new UserError(`${key} is gone.`);
  return json(row);
}
