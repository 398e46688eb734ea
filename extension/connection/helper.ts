import * as vscode from "vscode";
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { Connection } from "../../helper/protocol/client.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { TimelineEvent } from "../../helper/protocol/events.ts";
import {
  type HelperFacts,
  type MethodName,
  type Notifications,
  type ParameterInput,
  protocolVersion,
  type Results,
} from "../../helper/protocol/methods.ts";
import { patientReader } from "../../helper/protocol/patientReader.ts";
import { UserError } from "../failure.ts";
import { connectionLogger } from "./logger.ts";
import { type HelperProcess, startHelperProcess } from "./process.ts";

export type HelperState =
  | { readonly kind: "unsupported" | "stopped" | "starting" }
  | { readonly kind: "running"; readonly facts: HelperFacts }
  | { readonly kind: "restarting"; readonly attempt: number }
  | { readonly kind: "failed"; readonly reason: string };

/** Pauses before the first, second and third new start of a helper that died. */
export const restartDelaysMs = [500, 2_000, 5_000] as const;

/** A helper that has run this long gets all its new starts back. */
const healthyAfterMs = 60_000;
const initializeTimeoutMs = 15_000;

interface Running {
  readonly process: HelperProcess;
  readonly connection: Connection;
  readonly facts: HelperFacts;
  readonly sinceMs: number;
}

type InventoryChange = Notifications["inventory/didChange"];
type UsageRound = Notifications["usage/didSample"];

/** The helper as the editor sees it: started when first needed, started again a few times when it dies. */
export class Helper implements vscode.Disposable {
  readonly #program: string;
  readonly #log: vscode.LogOutputChannel;
  readonly #stateChanged = new vscode.EventEmitter<HelperState>();
  readonly #inventoryChanged = new vscode.EventEmitter<InventoryChange>();
  readonly #happened = new vscode.EventEmitter<TimelineEvent>();
  readonly #usageSampled = new vscode.EventEmitter<UsageRound>();
  #state: HelperState = { kind: process.platform === "linux" ? "stopped" : "unsupported" };
  #starting: Promise<Running> | undefined;
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

  /** `program`: absolute path of dist/bin/terrarium. */
  constructor(program: string, log: vscode.LogOutputChannel) {
    this.#program = program;
    this.#log = log;
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
      const running = await launch(this.#program, this.#log, (connection) =>
        this.#listen(connection),
      );
      this.#adopt(running);
      return running;
    } catch (error) {
      this.#scheduleRestart(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  #listen(connection: Connection): void {
    connection.onNotification("events/didHappen", (event) => this.#happened.fire(event));
    connection.onNotification("inventory/didChange", (change) =>
      this.#inventoryChanged.fire(change),
    );
    connection.onNotification("usage/didSample", (round) => this.#usageSampled.fire(round));
  }

  #adopt(running: Running): void {
    if (this.#disposed) {
      end(running);
      throw new TerrariumError("helperFailed", { reason: "the editor is closing" });
    }
    const { facts } = running;
    this.#running = running;
    this.#log.info(`Helper ${facts.version} runs as uid ${facts.uid}, pid ${facts.pid}.`);
    running.connection.onClose(() => this.#lost(running));
    this.#enter({ kind: "running", facts });
  }

  #lost(running: Running): void {
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

async function launch(
  program: string,
  log: vscode.LogOutputChannel,
  prepare: (connection: Connection) => void,
): Promise<Running> {
  const process = startHelperProcess(program, log);
  const connection = new Connection(
    createMessageConnection(
      patientReader(new StreamMessageReader(process.stdout)),
      new StreamMessageWriter(process.stdin),
      connectionLogger(log),
    ),
  );
  prepare(connection);
  // Its output alone does not tell: a launcher that it started may hold the same pipe open.
  process.once("exit", () => connection.dispose());
  const timer = setTimeout(() => connection.dispose(), initializeTimeoutMs);
  try {
    const facts = await connection.request("initialize", {
      client: "vscode",
      protocol: protocolVersion,
    });
    return { process, connection, facts, sinceMs: Date.now() };
  } catch (error) {
    end({ process, connection });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Closing its input is what tells any helper to go; the signal is for one that does not listen. */
function end({ process, connection }: Pick<Running, "process" | "connection">): void {
  connection.dispose();
  process.stdin.end();
  process.kill("SIGTERM");
}

function notLinux(): UserError {
  return new UserError("Terrarium needs the Linux kernel: open a folder on a Linux machine.");
}
