import * as vscode from "vscode";
import type { NamespaceShare } from "../../helper/protocol/inventory.ts";
import type { ParameterInput } from "../../helper/protocol/methods.ts";
import { type NamespaceType, namespaceFacts } from "../../helper/protocol/namespaces.ts";
import { facts } from "../../helper/protocol/words.ts";
import type { Ctx } from "../context.ts";
import { withoutIcons } from "../plain.ts";
import { namespaceIcons } from "../views/namespaceRow.ts";

interface Choice extends vscode.QuickPickItem {
  readonly type?: NamespaceType;
}

/**
 * Which of the eight: what the target has of its own is ticked; what it shares with the host one is in already, whether
 * that is ticked or not, and stands below a line that says so. Undefined: the person went away, or ticked nothing.
 */
export async function chooseNamespaces(
  { helper }: Ctx,
  process: ParameterInput<"process/inspect">,
  place: string | undefined,
): Promise<readonly NamespaceType[] | undefined> {
  const { namespaces, command } = await helper.request("process/inspect", process);
  const own = namespaces.filter(({ shared }) => !shared);
  const chosen = await vscode.window.showQuickPick(choices(namespaces), {
    title: withoutIcons(`Enter Namespaces of ${place ?? command}`),
    placeHolder:
      own.length === 0 ? "It shares all of them with the host" : "Ticked: what it has of its own",
    canPickMany: true,
    matchOnDescription: true,
  });
  const types = chosen?.flatMap(({ type }) => type ?? []);
  return types?.length ? types : undefined;
}

function choices(namespaces: readonly NamespaceShare[]): readonly Choice[] {
  const line = (label: string): Choice => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const own = namespaces.filter(({ shared }) => !shared);
  const hosts = namespaces.filter(({ shared }) => shared);
  const bringsUser = own.some(({ type }) => type === "user");
  return [
    ...(own.length > 0 ? [line("its own"), ...own.map((one) => choice(one, bringsUser))] : []),
    ...(hosts.length > 0
      ? [line("the host's already: nothing to enter"), ...hosts.map((one) => choice(one, false))]
      : []),
  ];
}

function choice({ type, inode, shared, joinedWith }: NamespaceShare, bringsUser: boolean): Choice {
  const words = facts(
    namespaceFacts[type].isolates,
    joinedWith && `shared with ${joinedWith}`,
    type === "mnt" && bringsUser ? "brings user along, which owns it" : undefined,
    `${inode}`,
  );
  return {
    type,
    label: `$(${namespaceIcons[type]}) ${type}`,
    description: withoutIcons(words),
    picked: !shared,
  };
}
