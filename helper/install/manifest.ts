import { createHash } from "node:crypto";
import type { Copied } from "./pieces.ts";

/** What native/starter/manifest.h describes: all that an installation consists of, for who checks it. */

export interface InstalledDirectory {
  readonly kind: "directory";
  readonly name: string;
  readonly mode: number;
}

export interface InstalledFile extends Copied {
  readonly kind: "file";
  readonly name: string;
  readonly mode: number;
}

export type Installed = InstalledDirectory | InstalledFile;

export const manifestName = "manifest";

/** Directories stand before what is in them. The runtime is named from the installation's directory. */
export function manifestText(runtime: string, entries: readonly Installed[]): string {
  const rows = [
    "terrarium-manifest 1",
    `runtime ${runtime}`,
    ...entries.flatMap((entry) => [heading(entry), ...pieces(entry)]),
  ];
  const text = `${rows.join("\n")}\n`;
  return `${text}end ${createHash("sha256").update(text).digest("hex")}\n`;
}

function heading(entry: Installed): string {
  const mode = entry.mode.toString(8).padStart(4, "0");
  if (entry.kind === "directory") return `directory ${mode} ${entry.name}`;
  return `file ${mode} ${entry.size} ${entry.name}`;
}

function pieces(entry: Installed): readonly string[] {
  return entry.kind === "file" ? entry.pieces.map((digest) => `piece ${digest}`) : [];
}
