import * as vscode from "vscode";
import { type HostContainer, tableKeys } from "../../helper/protocol/hostTables.ts";
import type { LimitReading } from "../../helper/protocol/inventory.ts";
import type { LimitRowReport } from "../../helper/protocol/limitsReport.ts";
import { isResourceLimit } from "../../helper/protocol/resourceLimits.ts";
import type { Helper } from "../connection/helper.ts";
import type { ContainerPart } from "../views/containerRows.ts";

/**
 * Limits and mounts of the containers whose rows are open: asked for when somebody opens one, and anew when it
 * is opened again. Nothing is asked of the other thousand.
 */
export class ContainerParts implements vscode.Disposable {
  readonly #helper: Helper;
  readonly #log: vscode.LogOutputChannel;
  readonly #known = new Map<string, ContainerPart>();
  readonly #asked = new Set<string>();
  readonly #changed = new vscode.EventEmitter<void>();

  readonly onDidChange = this.#changed.event;

  constructor(helper: Helper, log: vscode.LogOutputChannel) {
    this.#helper = helper;
    this.#log = log;
  }

  /** By a container's key. */
  get known(): ReadonlyMap<string, ContainerPart> {
    return this.#known;
  }

  open(container: HostContainer): void {
    const key = tableKeys.containers(container);
    if (this.#asked.has(key)) return;
    this.#asked.add(key);
    void this.#ask(key, container);
  }

  /** What was read stays until the next reading, so that rows do not go and come. */
  close(container: HostContainer): void {
    this.#asked.delete(tableKeys.containers(container));
  }

  dispose(): void {
    this.#changed.dispose();
  }

  /** It may end meanwhile, or not be ours to look into: then its row has no such parts. */
  async #ask(key: string, { pid, startTimeTicks }: HostContainer): Promise<void> {
    try {
      const [mounts, { rows }] = await Promise.all([
        this.#helper.request("process/mounts", { pid, startTimeTicks }),
        this.#helper.request("limits/read", { target: `${pid}@${startTimeTicks}` }),
      ]);
      const limits = rows.filter(({ limit }) => !isResourceLimit(limit)).flatMap(reading);
      this.#known.set(key, { ...mounts, limits });
      this.#changed.fire();
    } catch (error) {
      this.#log.debug(`Parts of container ${key}: ${String(error)}`);
    }
  }
}

/** What holds its cgroup, wherever that is set; of what is not limited nothing is said. */
function reading({ limit, file, value, effective }: LimitRowReport): readonly LimitReading[] {
  if (effective) return [{ limit, file: effective.file, value: effective.value }];
  return file === undefined || value === undefined ? [] : [{ limit, file, value }];
}
