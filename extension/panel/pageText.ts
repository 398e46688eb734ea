import { randomBytes } from "node:crypto";

export interface PageParts {
  /** Where style sheets may come from, in the words of a content security policy. */
  readonly styleSource: string;
  /** The address of a file of dist/media. */
  readonly file: (name: string) => string;
}

/**
 * The same for every panel, but for the nonce of its one script: names and figures come by messages, so that none of
 * them is ever part of the HTML.
 */
export function pageText({ styleSource, file }: PageParts): string {
  const nonce = randomBytes(18).toString("base64url");
  const policy = `default-src 'none'; style-src ${styleSource}; script-src 'nonce-${nonce}'`;
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
