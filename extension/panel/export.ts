import * as vscode from "vscode";
import type { ExportFormat } from "../../helper/protocol/panel.ts";

const formats: Readonly<
  Record<ExportFormat, { readonly words: string; readonly encoding: BufferEncoding }>
> = {
  csv: { words: "Comma-separated values", encoding: "utf8" },
  png: { words: "Picture", encoding: "base64" },
};

/** What a page made of its graphs, to a file that the user chooses. Writes nothing without the choice. */
export async function saveExport(
  title: string,
  format: ExportFormat,
  content: string,
): Promise<void> {
  const { words, encoding } = formats[format];
  const name = `${title.replaceAll(/[^\w.-]+/g, "-")}-usage.${format}`;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const to = await vscode.window.showSaveDialog({
    ...(folder && { defaultUri: vscode.Uri.joinPath(folder, name) }),
    filters: { [words]: [format] },
    title: "Export Usage",
  });
  if (to) await vscode.workspace.fs.writeFile(to, Buffer.from(content, encoding));
}
