import { withinRoot } from "../kernel/insideRoot.ts";
import type { Folder } from "../launch/folders.ts";
import { integrateShell } from "../launch/shellIntegration.ts";
import type { EnterPlan } from "./enter.ts";
import { foldersOf } from "./folders.ts";
import { targetRoot, toolboxShell } from "./toolbox.ts";

/** The same entry by a shell that tells the editor of its prompts, commands and folders, where it is one for a person. */
export function withIntegration(plan: EnterPlan): EnterPlan {
  if (plan.stdio !== "tty") return plan;
  const { args, environment } = plan;
  const integration = { folders: foldersInside(plan), program: programOf(plan) };
  const started = integrateShell({ command: args, environment }, integration);
  return { ...plan, args: started.command, environment: started.environment };
}

/** Without the mount namespace paths mean the helper's own. */
function foldersInside({ pid, namespaces, toolbox }: EnterPlan): readonly Folder[] {
  if (!namespaces.includes("mnt")) return [{ inside: "/", outside: "/" }];
  const folders = foldersOf(pid);
  return toolbox ? folders.map(besideTools) : folders;
}

function besideTools({ inside, outside }: Folder): Folder {
  return { inside: inside === "/" ? targetRoot : `${targetRoot}${inside}`, outside };
}

function programOf({ pid, args: [path = ""], toolbox }: EnterPlan): string | undefined {
  if (toolbox) return path === toolboxShell ? "busybox" : undefined;
  return withinRoot(pid, (root) => root.fileName(path));
}
