import * as vscode from "vscode";
import { registerCommands } from "./commands/register.ts";
import { followHelper, wantedHelper } from "./connection/follow.ts";
import { Helper } from "./connection/helper.ts";
import type { Ctx } from "./context.ts";
import { DoctorDocument } from "./documents/doctor.ts";
import { InspectDocuments } from "./documents/inspect.ts";
import { EnteredTerminals } from "./enter/enteredTerminals.ts";
import { offerReentry } from "./enter/offerReentry.ts";
import { Reentry } from "./enter/reentry.ts";
import { Alerts } from "./events/alerts.ts";
import { registerDecorations } from "./events/decorations.ts";
import { EventFeed } from "./events/feed.ts";
import { followWithTerminals } from "./events/terminals.ts";
import { ContainerParts } from "./inventory/containerParts.ts";
import { Details } from "./inventory/details.ts";
import { Reports } from "./inventory/reports.ts";
import { ShownUsage } from "./inventory/shownUsage.ts";
import { Panels } from "./panel/panels.ts";
import { registerStatusBar } from "./status/statusBar.ts";
import { registerTasks } from "./tasks/provider.ts";
import { registerTerminalProfile } from "./terminals/profile.ts";
import { SandboxTerminals } from "./terminals/sandboxTerminals.ts";
import { Choices } from "./views/choices.ts";
import { registerViews } from "./views/register.ts";

/** Registers everything and starts nothing: the helper starts with the first view, command or terminal. */
export function activate(context: vscode.ExtensionContext): void {
  const { subscriptions, workspaceState } = context;
  const log = own(vscode.window.createOutputChannel("Terrarium", { log: true }));
  const program = context.asAbsolutePath("dist/bin/terrarium");
  const helper = own(
    new Helper({
      ...{ program, log, setting: wantedHelper },
      version: context.extension.packageJSON.version,
      isRemote: vscode.env.remoteName !== undefined,
    }),
  );
  const reports = own(new Reports(helper, log));
  const events = own(new EventFeed(helper, log));
  const alerts = own(new Alerts(events.onDidHappen));
  const details = own(new Details(helper, reports, log));
  const terminals = own(new SandboxTerminals(workspaceState));
  const entered = own(new EnteredTerminals(workspaceState, helper, terminals));
  const reentry = own(new Reentry(reports, entered));
  const documents = own(new InspectDocuments(helper));
  const doctor = own(new DoctorDocument(helper));
  const panels = own(
    new Panels({ helper, log, events, alerts, extensionUri: context.extensionUri }),
  );
  const choices = own(new Choices(workspaceState));
  const parts = own(new ContainerParts(helper, log));
  const containerUsage = own(new ShownUsage(helper, "containers"));
  const cgroupUsage = own(new ShownUsage(helper, "cgroups"));
  const views = registerViews(
    {
      helper,
      reports,
      details,
      parts,
      events,
      alerts,
      containerUsage,
      cgroupUsage,
      choices,
      reentry,
    },
    subscriptions,
  );
  const ctx: Ctx = {
    log,
    program,
    helper,
    reports,
    alerts,
    terminals,
    entered,
    reentry,
    documents,
    doctor,
    panels,
    views,
    choices,
    storage: context.globalStorageUri,
    workspaceState,
  };

  followHelper(helper, subscriptions);
  registerStatusBar(ctx, subscriptions);
  subscriptions.push(
    registerDecorations(alerts, terminals, entered),
    offerReentry(ctx),
    followWithTerminals(events, terminals),
  );
  subscriptions.push(registerTerminalProfile(ctx), registerTasks(ctx), ...registerCommands(ctx));

  function own<T extends vscode.Disposable>(disposable: T): T {
    subscriptions.push(disposable);
    return disposable;
  }
}
