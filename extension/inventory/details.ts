import * as vscode from "vscode";
import type { SandboxDetails } from "../../helper/protocol/inventory.ts";
import type { Helper } from "../connection/helper.ts";
import { isAlive } from "../views/words.ts";
import type { Reports } from "./reports.ts";

/**
 * Namespaces and mounts of the running sandboxes. They do not change while a sandbox lives, so each is
 * asked for once, when it first appears in a report.
 */
export class Details implements vscode.Disposable {
  readonly #helper: Helper;
  readonly #reports: Reports;
  readonly #log: vscode.LogOutputChannel;
  readonly #known = new Map<string, SandboxDetails>();
  readonly #asked = new Set<string>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscription: vscode.Disposable;

  readonly onDidChange = this.#changed.event;

  constructor(helper: Helper, reports: Reports, log: vscode.LogOutputChannel) {
    this.#helper = helper;
    this.#reports = reports;
    this.#log = log;
    this.#subscription = reports.onDidChange(() => this.#follow());
  }

  /** By sandbox id; a sandbox that was not answered for yet, or has ended, is absent. */
  get known(): ReadonlyMap<string, SandboxDetails> {
    return this.#known;
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  #follow(): void {
    const running = (this.#reports.last.sandboxes ?? []).filter(isAlive);
    const ids = new Set(running.map(({ id }) => id));
    for (const id of this.#asked) if (!ids.has(id)) this.#forget(id);
    for (const id of ids) if (!this.#asked.has(id)) void this.#ask(id);
  }

  #forget(id: string): void {
    this.#asked.delete(id);
    this.#known.delete(id);
  }

  /** A sandbox may end while we ask, or the helper: the next report asks again for those that live. */
  async #ask(id: string): Promise<void> {
    this.#asked.add(id);
    try {
      const details = await this.#helper.request("sandbox/inspect", { target: id });
      if (!this.#asked.has(id)) return;
      this.#known.set(id, details);
      this.#changed.fire();
    } catch (error) {
      this.#asked.delete(id);
      this.#log.debug(`Details of sandbox ${id}: ${String(error)}`);
    }
  }
}
