import * as vscode from "vscode";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { type ObstacleName, obstacleOf } from "../connection/obstacles.ts";
import type { Ctx } from "../context.ts";
import { settings } from "../contributions.ts";

/** Asks the machine for root's helper; that it is wanted is kept in the user's settings once it was had. */
export async function usePrivilegedHelper({ helper }: Ctx): Promise<void> {
  const state = await helper.elevate();
  if (state.kind !== "running") return;
  const { lacks } = state.choice;
  if (lacks !== undefined) return sayWhatLacks(lacks);
  await chooseHelper("privileged");
  await helper.authorise().catch(unlessDismissed);
}

async function sayWhatLacks(lacks: ObstacleName): Promise<void> {
  // Whoever dismissed the question knows.
  if (lacks === "dismissed") return;
  const { words, remedy } = obstacleOf(lacks);
  const answer = await vscode.window.showWarningMessage(words, remedy.title);
  if (answer === remedy.title) await vscode.commands.executeCommand(remedy.command);
}

function unlessDismissed(error: unknown): void {
  if (TerrariumError.is(error, "notAuthorised") && error.args.why === "dismissed") return;
  throw error;
}

export async function useRootlessHelper({ helper }: Ctx): Promise<void> {
  await chooseHelper("rootless");
  await helper.follow();
}

async function chooseHelper(setting: "privileged" | "rootless"): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(settings.section);
  if (configuration.get(settings.helper) === setting) return;
  await configuration.update(settings.helper, setting, vscode.ConfigurationTarget.Global);
}
