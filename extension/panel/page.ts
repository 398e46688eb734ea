import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

/** Where esbuild puts the page's files: nothing else can be loaded. */
export function mediaFolder(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, "dist", "media");
}

/** The same for every panel: names and figures come by messages, so that none of them is ever part of the HTML. */
export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri): string {
  const nonce = randomBytes(18).toString("base64url");
  const file = (name: string) =>
    webview.asWebviewUri(vscode.Uri.joinPath(mediaFolder(extensionUri), name)).toString();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${file("style.css")}">
<title>Terrarium</title>
</head>
<body>
<script nonce="${nonce}" src="${file("panel.js")}"></script>
</body>
</html>
`;
}
