import type { LogOutputChannel, Memento, Uri } from "vscode";
import type { Helper } from "./connection/helper.ts";
import type { DoctorDocument } from "./documents/doctor.ts";
import type { InspectDocuments } from "./documents/inspect.ts";
import type { EnteredTerminals } from "./enter/enteredTerminals.ts";
import type { Reentry } from "./enter/reentry.ts";
import type { Alerts } from "./events/alerts.ts";
import type { Reports } from "./inventory/reports.ts";
import type { Panels } from "./panel/panels.ts";
import type { SandboxTerminals } from "./terminals/sandboxTerminals.ts";
import type { Choices } from "./views/choices.ts";
import type { Views } from "./views/register.ts";

/** What features share. Made once by activate(), handed to every command and provider. */
export interface Ctx {
  readonly log: LogOutputChannel;
  /** Absolute path of dist/bin/terrarium. */
  readonly program: string;
  readonly helper: Helper;
  readonly reports: Reports;
  readonly alerts: Alerts;
  readonly terminals: SandboxTerminals;
  readonly entered: EnteredTerminals;
  readonly reentry: Reentry;
  readonly documents: InspectDocuments;
  readonly doctor: DoctorDocument;
  readonly panels: Panels;
  readonly views: Views;
  readonly choices: Choices;
  /** A folder of ours, which no sandbox can write to. */
  readonly storage: Uri;
  readonly workspaceState: Memento;
}
