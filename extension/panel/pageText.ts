import { randomBytes } from "node:crypto";

/** The built files of dist/media. */
export interface PageParts {
  readonly style: string;
  readonly script: string;
}

/**
 * The same for every panel, but for the nonce of its one script and its one style sheet: names and figures come by
 * messages, so that none of them is ever part of the HTML. Both stand in the page itself, which then loads nothing:
 * the editor would fetch a file through three processes, and over the network where it is remote.
 */
export function pageText({ style, script }: PageParts): string {
  const nonce = randomBytes(18).toString("base64url");
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style nonce="${nonce}">${style}</style>
<title>Terrarium</title>
</head>
<body>
<script nonce="${nonce}">${script}</script>
</body>
</html>
`;
}
