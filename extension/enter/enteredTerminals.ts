import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { Attachment } from "../../helper/protocol/methods.ts";
import type { Helper } from "../connection/helper.ts";
import { KnownTerminals } from "../terminals/knownTerminals.ts";
import type { SandboxTerminals } from "../terminals/sandboxTerminals.ts";
import type { Entrance } from "./entrance.ts";
import type { EnterTarget } from "./target.ts";

/** Who ends a container kills what entered it before the kernel is done with the rest. */
const looksMs = [0, 300, 2_000] as const;

/** What is known of a terminal inside a target; plain data, for it outlives a reload. */
export interface Entered {
  readonly target: EnterTarget;
  readonly entrance: Entrance;
  readonly command: string;
  readonly tooltip: string;
}

/** The terminals that are inside of something, and those whose target has ended under them. */
export class EnteredTerminals implements vscode.Disposable {
  readonly #helper: Helper;
  readonly #sandboxes: SandboxTerminals;
  readonly #known: KnownTerminals<Entered>;
  readonly #ended = new vscode.EventEmitter<Entered>();

  /** Its target has ended, and so it did: whoever left by himself is not told. */
  readonly onDidEnd = this.#ended.event;

  constructor(memory: vscode.Memento, helper: Helper, sandboxes: SandboxTerminals) {
    this.#helper = helper;
    this.#sandboxes = sandboxes;
    this.#known = new KnownTerminals(memory, "enteredTerminals");
    this.#known.onDidClose(({ terminal, value }) => {
      if (terminal.exitStatus?.reason === vscode.TerminalExitReason.Process) void this.#look(value);
    });
  }

  /** Before the terminal is made. */
  expect(attach: Attachment | undefined, entered: Entered): void {
    this.#known.expect(attach, entered);
    const [, sandbox] = /^terrarium:(.+)$/.exec(entered.target.home ?? "") ?? [];
    if (sandbox !== undefined && entered.target.isOurs) this.#sandboxes.expect(sandbox, attach);
  }

  of(terminal: vscode.Terminal): Entered | undefined {
    return this.#known.of(terminal);
  }

  dispose(): void {
    this.#known.dispose();
    this.#ended.dispose();
  }

  async #look(entered: Entered): Promise<void> {
    for (const pauseMs of looksMs) {
      await sleep(pauseMs);
      if (!(await this.#hasEnded(entered))) continue;
      this.#ended.fire(entered);
      return;
    }
  }

  async #hasEnded({ target: { process } }: Entered): Promise<boolean> {
    const { pid, startTimeTicks } = process;
    if (pid === undefined) return false;
    try {
      await this.#helper.request("process/inspect", { pid, startTimeTicks });
      return false;
    } catch (error) {
      return TerrariumError.is(error, "noSuchProcess");
    }
  }
}
