import type { VscodeServer } from "./vscode-server.ts";

export interface PageOptions {
  /** Absolute path of the folder to open. */
  readonly folder: string;
  /** Absolute path of an extension to load from its sources. */
  readonly extension?: string;
  /** Absolute path of a script that exports `run()`, for the extension host to run. */
  readonly tests?: string;
}

/** The address of a workbench of this server, its secret included. */
export function pageAddress(server: VscodeServer, options: PageOptions): string {
  const folder = encodeURIComponent(options.folder).replaceAll("%2F", "/");
  const payload = payloadEntries(server, options);
  const address = `http://${server.authority}/?tkn=${server.token}&folder=${folder}`;
  if (payload.length === 0) return address;
  return `${address}&payload=${encodeURIComponent(JSON.stringify(payload))}`;
}

/** What a desktop VS Code takes from its command line. */
function payloadEntries(
  { authority }: VscodeServer,
  { extension, tests }: PageOptions,
): (readonly [string, string])[] {
  const entries: (readonly [string, string | undefined])[] = [
    ["extensionDevelopmentPath", extension],
    ["extensionTestsPath", tests],
  ];
  return entries.flatMap(([name, path]) =>
    path === undefined ? [] : [[name, `vscode-remote://${authority}${path}`] as const],
  );
}
