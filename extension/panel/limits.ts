import { posix } from "node:path";
import * as vscode from "vscode";
import { type ErrorArguments, TerrariumError } from "../../helper/protocol/errors.ts";
import {
  type LimitName,
  type Limits,
  limitNames,
  parseLimit,
} from "../../helper/protocol/limits.ts";
import type {
  LimitChanges,
  LimitRowReport,
  LimitsReport,
  UpdatedLimits,
} from "../../helper/protocol/limitsReport.ts";
import type { LimitTexts, PanelLimits, PanelSubject } from "../../helper/protocol/panel.ts";
import { confirm } from "../commands/confirm.ts";
import type { Helper } from "../connection/helper.ts";
import { failureText, UserError } from "../failure.ts";
import { targetOf } from "./identity.ts";

/** A change that is put back by itself. */
interface Trial {
  readonly id: string;
  readonly endsAtMs: number;
}

interface How {
  /** Of what was shown: the helper changes nothing else. */
  readonly identity: string | undefined;
  readonly confirmed: boolean;
  readonly revertAfterMs?: number | undefined;
}

/** The limits of one panel's subject: what was last read, what was last changed, and how to undo it. */
export class PanelLimitsEditor {
  readonly #helper: Helper;
  readonly #target: string;
  #report: LimitsReport | undefined;
  #answers = 0;
  #last: (UpdatedLimits & Pick<How, "identity">) | undefined;
  #refused: PanelLimits["refused"];
  #trial: Trial | undefined;

  constructor(helper: Helper, subject: PanelSubject) {
    this.#helper = helper;
    this.#target = targetOf(subject);
  }

  async read(): Promise<PanelLimits> {
    const report = await this.#helper.request("limits/read", { target: this.#target });
    this.#report = report;
    const trial = this.#runningTrial();
    return {
      report,
      answers: this.#answers,
      changed: this.#last && { words: this.#last.changes, note: this.#last.note },
      refused: this.#refused,
      canUndo: this.#last !== undefined,
      revertsInMs: trial && trial.endsAtMs - Date.now(),
    };
  }

  /** Asks for a change; what comes of it, a refusal too, is part of the next reading. */
  async change(texts: LimitTexts, revertAfterMs: number | undefined): Promise<void> {
    const limits = changesOf(texts);
    // The panel goes on reading while the question is up: what takes the place of what was asked about is not changed.
    const how = { identity: this.#report?.identity, revertAfterMs };
    await this.#ask(async () => {
      try {
        await this.#update(limits, { ...how, confirmed: false });
      } catch (error) {
        if (!TerrariumError.is(error, "confirmationNeeded")) throw error;
        await confirmChange(error.args);
        await this.#update(limits, { ...how, confirmed: true });
      }
    });
  }

  /** What the user did is undone without another question. */
  async undo(): Promise<void> {
    const last = this.#last;
    if (last) {
      const how = { identity: last.identity, confirmed: true };
      await this.#ask(() => this.#update(last.before, how));
    }
    if (this.#refused === undefined) this.#last = undefined;
  }

  async keep(): Promise<void> {
    await this.#endTrial("limits/keep");
  }

  async putBack(): Promise<void> {
    await this.#endTrial("limits/revert");
    this.#last = undefined;
  }

  /** A helper that ended has put back what it was to put back. */
  forget(): void {
    this.#trial = undefined;
    this.#last = undefined;
    this.#refused = undefined;
  }

  /** Throws where the page speaks of what it was not shown. */
  row(limit: LimitName): LimitRowReport {
    const row = this.rows.find((known) => known.limit === limit);
    if (!row) throw new UserError("That limit is not known here.");
    return row;
  }

  /** The cgroup whose limit is the lowest. */
  limitingCgroup(limit: LimitName): PanelSubject {
    const { effective } = this.row(limit);
    if (!effective) throw new UserError("No cgroup sets this limit.");
    const { file, title } = effective;
    return { kind: "cgroup", target: posix.dirname(file), title };
  }

  get rows(): readonly LimitRowReport[] {
    return this.#report?.rows ?? [];
  }

  /** Those that the target sets itself. */
  get values(): Limits {
    const set = this.rows.flatMap(({ limit, value }) =>
      value === undefined ? [] : [[limit, value]],
    );
    return { ...Object.fromEntries(set) };
  }

  async #update(limits: LimitChanges, how: How): Promise<void> {
    const request = { target: this.#target, limits, ...how };
    const updated = await this.#helper.request("limits/update", request);
    this.#last = { ...updated, identity: how.identity };
    this.#trial =
      updated.revert === undefined
        ? undefined
        : { id: updated.revert, endsAtMs: Date.now() + (how.revertAfterMs ?? 0) };
  }

  async #ask(update: () => Promise<void>): Promise<void> {
    this.#refused = undefined;
    try {
      await update();
    } catch (error) {
      if (error instanceof vscode.CancellationError) return;
      this.#refused = refusalOf(error);
    }
    this.#answers += 1;
  }

  async #endTrial(method: "limits/keep" | "limits/revert"): Promise<void> {
    const trial = this.#runningTrial();
    if (trial) await this.#helper.request(method, { revert: trial.id });
    this.#trial = undefined;
  }

  /** When its time is over the helper has put back, and there is nothing to undo. */
  #runningTrial(): Trial | undefined {
    if (this.#trial && this.#trial.endsAtMs <= Date.now()) this.forget();
    return this.#trial;
  }
}

/** For what Terrarium did not make, in the helper's words. Throws CancellationError. */
async function confirmChange({
  title,
  changes,
}: ErrorArguments["confirmationNeeded"]): Promise<void> {
  const question = `Change the limits of "${title}"? Terrarium did not make it.`;
  if (!(await confirm(question, changes.join("\n"), "Change"))) {
    throw new vscode.CancellationError();
  }
}

function changesOf(texts: LimitTexts): LimitChanges {
  const changes = limitNames.flatMap((limit) => {
    const text = texts[limit];
    return text === undefined ? [] : [[limit, asked(limit, text)] as const];
  });
  return { ...Object.fromEntries(changes) };
}

/** The page has looked at it, too, and shown what is wrong. */
function asked(limit: LimitName, text: string) {
  if (text === "") return null;
  const value = parseLimit(limit, text);
  if (value === undefined) throw new UserError(`"${text}" is no value of ${limit}.`);
  return value;
}

function refusalOf(error: unknown): PanelLimits["refused"] {
  const message = failureText(error);
  const isOfOne =
    TerrariumError.is(error, "limitRefused") || TerrariumError.is(error, "limitUnavailable");
  return isOfOne ? { limit: error.args.limit, message } : { message };
}
