import * as vscode from "vscode";
import type { CgroupFact } from "../../helper/protocol/inventory.ts";
import { namespaceTypes } from "../../helper/protocol/namespaces.ts";
import type { Helper } from "../connection/helper.ts";
import { documentScheme } from "../contributions.ts";
import { failureText, UserError } from "../failure.ts";

/** `key`: a sandbox id, a pid, `TYPE INODE` of a namespace, or `HIERARCHY PATH` of a cgroup. */
export interface Inspectable {
  readonly kind: "sandbox" | "process" | "namespace" | "cgroup";
  readonly key: string;
  /** Names the tab. */
  readonly title: string;
}

type Reader = (helper: Helper, key: string) => Promise<unknown>;

const readers: Readonly<Record<Inspectable["kind"], Reader>> = {
  sandbox: (helper, target) => helper.request("sandbox/inspect", { target }),
  process: (helper, pid) => helper.request("process/inspect", { pid: Number(pid) }),
  namespace: readNamespace,
  cgroup: readCgroup,
};

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
      path: `/${title.replace(/[/\\]/g, "_")}.json`,
      query: key,
    });
    this.#changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  /** What cannot be read is said in the document itself: it stays true when the tab is restored. */
  async provideTextDocumentContent({ authority, query }: vscode.Uri): Promise<string> {
    const read = Object.entries(readers).find(([name]) => name === authority)?.[1];
    if (!read) return `There is nothing to inspect under "${authority}".`;
    try {
      return `${JSON.stringify(await read(this.#helper, query), undefined, 2)}\n`;
    } catch (error) {
      return failureText(error);
    }
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}

async function readNamespace(helper: Helper, key: string): Promise<unknown> {
  const [wanted, inode] = key.split(" ");
  const type = namespaceTypes.find((known) => known === wanted);
  if (!type) throw new UserError(`"${wanted}" is no type of namespace.`);
  const { namespaces } = await helper.request("inventory/namespaces", { types: [type] });
  const found = namespaces.find((namespace) => `${namespace.inode}` === inode);
  if (!found) throw new UserError(`The ${type} namespace ${inode} is gone.`);
  return found;
}

async function readCgroup(helper: Helper, key: string): Promise<unknown> {
  const [id, path = "/"] = splitOnce(key, " ");
  const { hierarchies } = await helper.request("inventory/cgroups", {});
  const hierarchy = hierarchies.find((known) => known.id === id);
  const cgroup = hierarchy && findCgroup(hierarchy.root, path);
  if (!hierarchy || !cgroup) throw new UserError(`The cgroup ${path} of ${id} is gone.`);
  const { root: _root, ...facts } = hierarchy;
  return { hierarchy: facts, ...cgroup };
}

function findCgroup(from: CgroupFact, path: string): CgroupFact | undefined {
  if (from.path === path) return from;
  for (const child of from.children) {
    const found = findCgroup(child, path);
    if (found) return found;
  }
  return undefined;
}

function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
