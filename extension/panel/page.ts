import { readFileSync } from "node:fs";
import * as vscode from "vscode";
import { type PageParts, pageText } from "./pageText.ts";

let parts: PageParts | undefined;

export function pageHtml(extensionUri: vscode.Uri): string {
  parts ??= readParts(vscode.Uri.joinPath(extensionUri, "dist", "media"));
  return pageText(parts);
}

/** Where esbuild puts the page's files. */
function readParts(folder: vscode.Uri): PageParts {
  const read = (name: string) => readFileSync(vscode.Uri.joinPath(folder, name).fsPath, "utf8");
  return { style: read("style.css"), script: read("panel.js") };
}
