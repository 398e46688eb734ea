import * as vscode from "vscode";
import { pageText } from "./pageText.ts";

/** Where esbuild puts the page's files: nothing else can be loaded. */
export function mediaFolder(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, "dist", "media");
}

export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri): string {
  return pageText({
    styleSource: webview.cspSource,
    file: (name) =>
      webview.asWebviewUri(vscode.Uri.joinPath(mediaFolder(extensionUri), name)).toString(),
  });
}
