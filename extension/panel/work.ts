import * as vscode from "vscode";
import { dockerLimits, dockerUlimits } from "../../helper/protocol/dockerLimits.ts";
import { type LimitName, limitFacts } from "../../helper/protocol/limits.ts";
import type { PanelRequest, PanelSubject, PanelTab } from "../../helper/protocol/panel.ts";
import { killProcess } from "../commands/killProcess.ts";
import type { Helper } from "../connection/helper.ts";
import { UserError } from "../failure.ts";
import { act } from "./act.ts";
import { saveExport } from "./export.ts";
import type { PanelLimitsEditor } from "./limits.ts";
import { cgroupSubject, processSubject } from "./subject.ts";

/** What a page asks to be done; the rest is about the page itself. */
export type WorkRequest = Exclude<PanelRequest, { type: "ready" | "show" }>;

/** What it is done with. */
export interface Work {
  readonly helper: Helper;
  readonly subject: PanelSubject;
  readonly limits: PanelLimitsEditor;
  readonly open: (subject: PanelSubject, tab?: PanelTab) => void;
}

export async function perform(request: WorkRequest, work: Work): Promise<void> {
  const { helper, subject, limits, open } = work;
  switch (request.type) {
    case "act":
      return act(helper, subject, request.action);
    case "updateLimits":
      return limits.change(request.limits, request.revertAfterMs);
    case "undoLimits":
      return limits.undo();
    case "keepLimits":
      return limits.keep();
    case "revertLimits":
      return limits.putBack();
    case "copyFlags":
      return copyFlags(limits);
    case "copyLimitFile":
      return copy(fileOf(limits, request.limit), "path");
    case "openLimitFile":
      return openFile(fileOf(limits, request.limit));
    case "openLimiting":
      return open(limits.limitingCgroup(request.limit), "limits");
    case "kill":
      return killProcess(helper, request.process);
    case "export":
      return saveExport(subject.title, request.format, request.content);
    case "openCgroup":
      return open(cgroupSubject(request.path), "limits");
    case "openProcess": {
      const { process } = request;
      return open(processSubject(await helper.request("process/inspect", process)));
    }
  }
}

function fileOf(limits: PanelLimitsEditor, limit: LimitName): string {
  const { file } = limits.row(limit);
  if (file === undefined) throw new UserError("There is no file of this limit here.");
  return file;
}

/** What Docker has no flag for is said, and left out. */
async function copyFlags({ values, rows }: PanelLimitsEditor): Promise<void> {
  const [limits, ulimits] = [dockerLimits(values), dockerUlimits(rows)];
  const words = [...limits.words, ...ulimits.words];
  const missing = [...limits.missing, ...ulimits.missing];
  const without = missing.map((name) => limitFacts[name].label).join(", ");
  const flags = words.map(([flag, value]) => `${flag} ${quoted(value)}`).join(" ");
  await copy(
    flags,
    without === "" ? "flags" : `flags without ${without}, which Docker has none for`,
  );
}

/** For a shell; a device may have any name. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

async function openFile(path: string): Promise<void> {
  await vscode.window.showTextDocument(vscode.Uri.file(path), { preview: true });
}

async function copy(text: string, what: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage(`Copied ${what}`, 2_000);
}
