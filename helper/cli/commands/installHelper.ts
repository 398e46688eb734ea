import { reportWidth, wrapWords } from "../../protocol/columns.ts";
import type { InstallAction, InstallPlan } from "../../protocol/installing.ts";
import { printable } from "../../protocol/printable.ts";
import { type AloneCommand, exitCodes } from "../command.ts";
import { isConfirmed } from "../confirm.ts";
import { isSet, type ParsedArguments } from "../options.ts";
import { noTarget } from "../target.ts";
import { UsageError } from "../usage.ts";

export const installHelperCommand: AloneCommand = {
  name: "install-helper",
  summary: "install the helper that runs as root (with sudo), or remove it",
  usage: "install-helper [--repair|--uninstall] [--dry-run|--yes]",
  options: [
    { name: "repair", help: "write all of it again" },
    { name: "uninstall", help: "remove all of it, every version" },
    { name: "dry-run", help: "show what it would do" },
    { name: "yes", short: "y", help: "do not ask" },
  ],
  runAlone: async ({ installer, print }, parsed) => {
    noTarget(parsed);
    const plan = (await installer()).plan(actionOf(parsed));
    print(planText(plan));
    if (isSet(parsed, "dry-run") || plan.steps.length === 0) return exitCodes.ok;
    assertRoot();
    if (!isSet(parsed, "yes") && !(await isWanted())) return exitCodes.terrariumFailed;
    (await installer()).carryOut(plan, ({ words }) => print(item("- ", words).join("\n")));
    print("Done.");
    return exitCodes.ok;
  },
};

function actionOf(parsed: ParsedArguments): InstallAction {
  const asked = (["repair", "uninstall"] as const).filter((name) => isSet(parsed, name));
  if (asked.length > 1) {
    throw new UsageError("--repair and --uninstall are two things", "Give one of them.");
  }
  return asked[0] ?? "install";
}

function planText({ title, steps, notes }: InstallPlan): string {
  const items = steps.flatMap(({ words }) => item("- ", words));
  return [title, ...items, ...notes.flatMap((words) => item("  ", words))].join("\n");
}

function item(mark: string, words: string): readonly string[] {
  const lines = wrapWords(printable(words), reportWidth - mark.length);
  return lines.map((line, index) => (index === 0 ? mark : "  ") + line);
}

function assertRoot(): void {
  if (process.geteuid?.() === 0) return;
  throw new UsageError("only root can install the root helper", "Put sudo before it.");
}

async function isWanted(): Promise<boolean> {
  if (await isConfirmed("Do this?")) return true;
  process.stderr.write("terrarium: nothing was done; --yes does not ask\n");
  return false;
}
