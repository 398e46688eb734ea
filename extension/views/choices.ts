import * as vscode from "vscode";
import {
  arrangementContextKeys,
  filteredContextKey,
  type ViewId,
  views,
} from "../contributions.ts";
import { type CgroupOrder, cgroupOrders } from "./cgroupRows.ts";
import { type ContainerOrder, containerOrders } from "./firstViewRows.ts";
import { type NamespaceGrouping, namespaceGroupings } from "./namespaceRows.ts";

/** How a person has arranged the views; kept with the folder. */
export interface Arrangement {
  readonly containerOrder: ContainerOrder;
  readonly containersBy: ContainerGrouping;
  readonly namespacesBy: NamespaceGrouping;
  readonly cgroupOrder: CgroupOrder;
}

export const containerGroupings = ["none", "engine"] as const;
export type ContainerGrouping = (typeof containerGroupings)[number];

/** The first of each is what a newcomer sees. */
const values: { readonly [N in keyof Arrangement]: AtLeastOne<Arrangement[N]> } = {
  containerOrder: containerOrders,
  containersBy: containerGroupings,
  namespacesBy: namespaceGroupings,
  cgroupOrder: cgroupOrders,
};

type AtLeastOne<T> = readonly [T, ...T[]];

const memoryKey = (name: string) => `views.${name}`;

/** Filters and arrangements of the views: kept, and told to menus by context keys. */
export class Choices implements vscode.Disposable {
  readonly #memory: vscode.Memento;
  readonly #changed = new vscode.EventEmitter<void>();

  readonly onDidChange = this.#changed.event;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
    this.#publish();
  }

  /** Empty: everything is shown. */
  filter(view: ViewId): string {
    const kept: unknown = this.#memory.get(memoryKey(`${view}.filter`));
    return typeof kept === "string" ? kept : "";
  }

  setFilter(view: ViewId, filter: string): void {
    this.#keep(`${view}.filter`, filter.trim() || undefined);
  }

  /** What an older version may have kept, and we do not know, is not taken. */
  get<N extends keyof Arrangement>(name: N): Arrangement[N] {
    const known: AtLeastOne<Arrangement[N]> = values[name];
    const kept: unknown = this.#memory.get(memoryKey(name));
    return known.find((value) => value === kept) ?? known[0];
  }

  set<N extends keyof Arrangement>(name: N, value: Arrangement[N]): void {
    this.#keep(name, value);
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #keep(name: string, value: string | undefined): void {
    void this.#memory.update(memoryKey(name), value);
    this.#publish();
    this.#changed.fire();
  }

  #publish(): void {
    const filtered = Object.values(views).filter((view) => this.filter(view) !== "");
    setContext(filteredContextKey, filtered);
    setContext(arrangementContextKeys.containersBy, this.get("containersBy"));
    setContext(arrangementContextKeys.namespacesBy, this.get("namespacesBy"));
  }
}

function setContext(key: string, value: unknown): void {
  void vscode.commands.executeCommand("setContext", key, value);
}
