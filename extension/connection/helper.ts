import * as vscode from "vscode";
import type { Connection } from "../../helper/protocol/client.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { TimelineEvent } from "../../helper/protocol/events.ts";
import type { InventoryChange } from "../../helper/protocol/inventoryChanges.ts";
import { inWhole } from "../../helper/protocol/inventoryParts.ts";
import type {
  HelperFacts,
  MethodName,
  Notifications,
  ParameterInput,
  Results,
} from "../../helper/protocol/methods.ts";
import { UserError } from "../failure.ts";
import type { Choice, Wish } from "./choice.ts";
import { obtainHelper } from "./obtain.ts";
import { end, type Running } from "./running.ts";
import { type Place, readSurroundings, type Surroundings } from "./surroundings.ts";

export type HelperState =
  | { readonly kind: "unsupported" | "stopped" | "starting" }
  | { readonly kind: "running"; readonly facts: HelperFacts; readonly choice: Choice }
  | { readonly kind: "restarting"; readonly attempt: number }
  | { readonly kind: "failed"; readonly reason: string };

/** Pauses before the first, second and third new start of a helper that died. */
export const restartDelaysMs = [500, 2_000, 5_000] as const;

/** A helper that has run this long gets all its new starts back. */
const healthyAfterMs = 60_000;

export interface HelperOptions extends Place {
  /** Absolute path of dist/bin/terrarium. */
  readonly program: string;
  /** What the setting says now. */
  readonly setting: () => string;
  readonly log: vscode.LogOutputChannel;
}

type UsageRound = Notifications["usage/didSample"];

/** The helper as the editor sees it: started when first needed, started again a few times when it dies. */
export class Helper implements vscode.Disposable {
  readonly #options: HelperOptions;
  readonly #log: vscode.LogOutputChannel;
  readonly #stateChanged = new vscode.EventEmitter<HelperState>();
  readonly #inventoryChanged = new vscode.EventEmitter<InventoryChange>();
  readonly #happened = new vscode.EventEmitter<TimelineEvent>();
  readonly #usageSampled = new vscode.EventEmitter<UsageRound>();
  #state: HelperState = { kind: process.platform === "linux" ? "stopped" : "unsupported" };
  #starting: Promise<Running> | undefined;
  #elevating: Promise<HelperState> | undefined;
  #running: Running | undefined;
  #restarts = 0;
  #timer: NodeJS.Timeout | undefined;
  #disposed = false;

  readonly onDidChangeState = this.#stateChanged.event;
  /** Goes on across restarts. */
  readonly onInventoryChange = this.#inventoryChanged.event;
  /** Of every watcher: each looks for its own name. A new helper has to be asked anew. */
  readonly onUsageRound = this.#usageSampled.event;

  readonly onEvent = this.#happened.event;

  constructor(options: HelperOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  get state(): HelperState {
    return this.#state;
  }

  /** Starts the helper where it does not run; a person asked, so earlier failures do not count. */
  async start(): Promise<HelperFacts> {
    if (this.#running) return this.#running.facts;
    if (!this.#starting) this.#restarts = 0;
    return (await this.#connected()).facts;
  }

  /** Starts the helper for a view: not again after it has failed, that is a person's decision. */
  wake(): void {
    if (this.#state.kind === "stopped") void this.#connected().catch(() => undefined);
  }

  /**
   * Root's helper, for a person who has asked and may be asked in turn; the helper before serves until it answers.
   * Where it cannot be had, the state says why.
   */
  elevate(): Promise<HelperState> {
    this.#elevating ??= this.#elevate().finally(() => {
      this.#elevating = undefined;
    });
    return this.#elevating;
  }

  /** To see what belongs to others, where root's helper serves: it asks the person. Rejects with a TerrariumError. */
  async authorise(): Promise<void> {
    const running = this.#running;
    if (!running?.facts.privileged || running.facts.seesAll) return;
    const facts = await running.connection.request("host/authorise", { what: "inspect" });
    if (this.#running?.connection === running.connection) this.#adopt({ ...running, facts });
  }

  /** The settings have changed: another helper, where they want another one. Nobody is asked. */
  async follow(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    const setting = this.#options.setting();
    const isSo = setting === "privileged" && this.#running?.facts.privileged;
    if (this.#running && !isSo) await this.#change({ setting, isAsked: false });
  }

  /** What there is of root's helper on this machine. */
  surroundings(): Surroundings {
    return readSurroundings(this.#options);
  }

  /** One request, starting the helper when needed. Rejects with a TerrariumError or a UserError. */
  async request<M extends MethodName>(
    method: M,
    parameters: ParameterInput<M>,
  ): Promise<Results[M]> {
    const { connection } = await this.#connected();
    return connection.request(method, parameters);
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    if (this.#running) end(this.#running);
    this.#stateChanged.dispose();
    this.#inventoryChanged.dispose();
    this.#happened.dispose();
    this.#usageSampled.dispose();
  }

  #connected(): Promise<Running> {
    if (this.#running) return Promise.resolve(this.#running);
    clearTimeout(this.#timer);
    this.#starting ??= this.#launch().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #launch(): Promise<Running> {
    if (this.#state.kind === "unsupported") throw notLinux();
    if (this.#state.kind !== "restarting") this.#enter({ kind: "starting" });
    try {
      const running = await this.#obtain({ setting: this.#options.setting(), isAsked: false });
      this.#adopt(running);
      return running;
    } catch (error) {
      this.#scheduleRestart(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  async #change(wish: Wish): Promise<void> {
    if (!this.#running) this.#enter({ kind: "starting" });
    const next = await this.#obtain(wish);
    const before = this.#running;
    this.#adopt(next);
    if (before && before.connection !== next.connection) end(before);
  }

  #obtain(wish: Wish): Promise<Running> {
    const prepare = (connection: Connection) => this.#listen(connection);
    return obtainHelper(wish, this.#running, { ...this.#options, prepare });
  }

  async #elevate(): Promise<HelperState> {
    await this.#starting?.catch(() => undefined);
    if (!this.#running?.facts.privileged)
      await this.#change({ setting: "privileged", isAsked: true });
    return this.#state;
  }

  #listen(connection: Connection): void {
    connection.onNotification("events/didHappen", (event) => this.#happened.fire(event));
    const onWhole = inWhole((change) => this.#inventoryChanged.fire(change));
    connection.onNotification("inventory/didChange", onWhole);
    connection.onNotification("usage/didSample", (round) => this.#usageSampled.fire(round));
  }

  #adopt(running: Running): void {
    if (this.#disposed) {
      end(running);
      throw new TerrariumError("helperFailed", { reason: "the editor is closing" });
    }
    const { facts, choice, connection } = running;
    const isNew = connection !== this.#running?.connection;
    clearTimeout(this.#timer);
    this.#running = running;
    if (isNew) {
      const { version, uid, pid } = facts;
      this.#log.info(`Helper ${version} runs as uid ${uid}, pid ${pid}: ${choice.why}.`);
      connection.onClose(() => this.#lost(running));
    }
    this.#enter({ kind: "running", facts, choice });
  }

  #lost(running: Running): void {
    // Another one has taken its place.
    if (this.#running?.connection !== running.connection) return;
    this.#running = undefined;
    end(running);
    if (this.#disposed) return;
    if (Date.now() - running.sinceMs > healthyAfterMs) this.#restarts = 0;
    this.#scheduleRestart("The helper ended unexpectedly.");
  }

  #scheduleRestart(reason: string): void {
    const delayMs = restartDelaysMs[this.#restarts];
    if (this.#disposed) return;
    if (delayMs === undefined) {
      this.#enter({ kind: "failed", reason });
      return;
    }
    this.#restarts += 1;
    this.#log.warn(`${reason} New start in ${delayMs} ms.`);
    this.#enter({ kind: "restarting", attempt: this.#restarts });
    this.#timer = setTimeout(() => void this.#connected().catch(() => undefined), delayMs);
  }

  #enter(state: HelperState): void {
    this.#state = state;
    this.#stateChanged.fire(state);
  }
}

function notLinux(): UserError {
  return new UserError("Terrarium needs the Linux kernel: open a folder on a Linux machine.");
}
