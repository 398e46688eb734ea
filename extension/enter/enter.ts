import * as vscode from "vscode";
import { describeUnfollowed, type EntryPlan } from "../../helper/protocol/following.ts";
import type { StartedProcess } from "../../helper/protocol/methods.ts";
import { printable } from "../../helper/protocol/printable.ts";
import { confirm } from "../commands/confirm.ts";
import type { Ctx } from "../context.ts";
import { settings } from "../contributions.ts";
import { terminalEnvironment } from "../terminals/environment.ts";
import { attachedTerminal } from "../terminals/sandboxTerminal.ts";
import { wantsShellIntegration } from "../terminals/shellIntegration.ts";
import { chooseEntrance } from "./choose.ts";
import { type Entrance, entryOf } from "./entrance.ts";
import { isWithoutShell, showPreview } from "./preview.ts";
import { namespaceWords } from "./previewText.ts";
import { rememberedShell, rememberShell } from "./shells.ts";
import type { EnterTarget } from "./target.ts";

/** What a person has agreed to. */
interface Agreed {
  readonly entrance: Entrance;
  readonly plan: EntryPlan;
}

/**
 * A terminal that is what the target is, or as much of it as the entrance says; shown first, changed and agreed to
 * where that is wanted. Rejects with a TerrariumError.
 */
export async function enter(ctx: Ctx, target: EnterTarget, entrance: Entrance): Promise<void> {
  const shell = rememberedShell(ctx.workspaceState, target, entrance);
  const agreed = await agree(ctx, target, { ...shell, ...entrance });
  if (!agreed) return;
  const { plan } = agreed;
  if (agreed.entrance.asRoot && !(await isMeant(target, plan))) return;
  await rememberShell(ctx.workspaceState, target, agreed.entrance);
  await open(ctx, target, agreed);
}

async function agree(ctx: Ctx, target: EnterTarget, asked: Entrance): Promise<Agreed | undefined> {
  const plan = await ctx.helper.request("process/entry", entryOf(target, asked));
  if (!isShown(target, asked, plan)) return { entrance: asked, plan };
  const answer = await showPreview(target, asked, plan);
  if (answer === undefined) return undefined;
  if (answer !== "choose") return { entrance: answer, plan };
  const chosen = await chooseEntrance(ctx, target, asked, plan);
  return agree(ctx, target, chosen ?? asked);
}

/** Also where it is not wanted: something stands in the way, and there the next step is named. */
function isShown({ isOurs }: EnterTarget, entrance: Entrance, plan: EntryPlan): boolean {
  const wanted = vscode.workspace.getConfiguration(settings.section).get(settings.enterPreview);
  const isWanted = wanted === "always" || (wanted !== "never" && !isOurs);
  return isWanted || plan.frozen !== undefined || isWithoutShell(entrance, plan);
}

function isMeant({ place }: EnterTarget, { command, pid }: EntryPlan): Promise<boolean> {
  const who = printable(`${command} (${pid})${place === undefined ? "" : ` in ${place}`}`);
  const detail =
    "You will have every right that there is in its user namespace, and nothing of what confines it: no system-call filter, no dropped capabilities. Its programs and start-up files run with those rights, and whoever wrote them may use them. Processes in there can see yours.";
  return confirm(`Enter ${who} as root?`, detail, "Enter as Root");
}

/** What was looked at, and not another process that has its number by now. */
async function open(ctx: Ctx, asked: EnterTarget, { entrance, plan }: Agreed): Promise<void> {
  const { pid, startTimeTicks, command } = plan;
  const target = { ...asked, process: { pid, startTimeTicks } };
  const started = await ctx.helper.request("process/enter", {
    ...entryOf(target, entrance),
    stdio: "tty",
    clientEnv: terminalEnvironment(process.env),
    shellIntegration: wantsShellIntegration(),
  });
  const tooltip = `entered ${command} (${pid}), ${namespaceWords(plan.namespaces)}`;
  ctx.entered.expect(started.attach, { target, entrance, command, tooltip });
  const terminal = attachedTerminal(started.attach, {
    name: nameOf(target, started),
    icon: new vscode.ThemeIcon("sign-in"),
    color: entrance.asRoot ? "terminal.ansiRed" : undefined,
    message: messageOf(plan, started),
  });
  vscode.window.createTerminal(terminal).show();
}

/** `web ⟶ nginx` */
function nameOf({ place }: EnterTarget, { title }: StartedProcess): string {
  return place === undefined ? title : `${printable(place)} ⟶ ${title}`;
}

/** What is not as the target has it stands in the terminal, where it is missed. */
function messageOf(plan: EntryPlan, { unfollowed = [], thawed }: StartedProcess): string {
  return [
    `entered process ${plan.pid} ${namespaceWords(plan.namespaces)}`,
    ...(thawed ? [`thawed: ${thawed.map((path) => printable(path)).join(", ")}`] : []),
    ...unfollowed.map((one) => `not followed: ${printable(describeUnfollowed(one))}`),
  ].join("\r\n");
}
