import { checkout } from "./prepare.mjs";
import type { VscodeServer } from "./vscode-server.ts";

export interface PageOptions {
  /** Absolute path of the folder to open. */
  readonly folder: string;
  /** Absolute path of the extension under development; the checkout when absent, none when null. */
  readonly extension?: string | null;
  /** Absolute path of a script that exports `run()`, for the extension host to run. */
  readonly tests?: string | undefined;
}

/** The address of a workbench of this server, its secret included. */
export function pageAddress(server: VscodeServer, options: PageOptions): string {
  const address = new URL(`http://${server.authority}/`);
  address.searchParams.set("tkn", server.token);
  address.searchParams.set("folder", options.folder);
  const payload = payloadEntries(server, options);
  if (payload.length > 0) address.searchParams.set("payload", JSON.stringify(payload));
  return address.href;
}

function payloadEntries(
  server: VscodeServer,
  { extension = checkout, tests }: PageOptions,
): (readonly [string, string])[] {
  const remote = (path: string) => `vscode-remote://${server.authority}${path}`;
  const entries: (readonly [string, string])[] = [];
  if (extension !== null) entries.push(["extensionDevelopmentPath", remote(extension)]);
  if (tests !== undefined) entries.push(["extensionTestsPath", remote(tests)]);
  return entries;
}
