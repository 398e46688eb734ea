import { execFile } from "node:child_process";
import { existsSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { TerrariumError } from "../protocol/errors.ts";
import type { KeptLayer } from "../protocol/overlays.ts";
import type { PlannedMount } from "../protocol/plan.ts";
import type { SandboxSpec } from "../protocol/schemas.ts";
import type { SandboxHost } from "./host.ts";
import { makePrivate } from "./privateDirectory.ts";
import type { SandboxRecord } from "./record.ts";

/**
 * Kept layers: what a sandbox wrote over its root, for the next one of its name. Nobody but the user may
 * enter the directory, so that what is planted there reaches nobody (CVE-2023-0386 and its like).
 */
export function layerDirectory(name: string): string {
  return join(layersDirectory(), name);
}

function layersDirectory(): string {
  return join(dataDirectory(), "layers");
}

/** What outlives a boot: /var/lib (FHS 5.8), or $XDG_DATA_HOME. */
function dataDirectory(): string {
  if (process.geteuid?.() === 0) return "/var/lib/terrarium";
  const given = process.env["XDG_DATA_HOME"];
  const data = given?.startsWith("/") ? given : join(process.env["HOME"] ?? "/", ".local/share");
  return join(data, "terrarium");
}

/** The name is what the next sandbox finds its layer by. Throws invalidRequest. */
export function checkOverlay({ overlay, name }: SandboxSpec): void {
  if (overlay !== "kept" || name !== undefined) return;
  throw new TerrariumError("invalidRequest", {
    reason: "A kept overlay belongs to a sandbox's name: give it one (--name).",
  });
}

/** Makes the directories that a plan's layers are kept in. */
export function makeLayers(name: string, mounts: readonly PlannedMount[]): void {
  const parts = mounts.flatMap(({ kind, source }) =>
    kind === "overlay" && source ? [source] : [],
  );
  if (parts.length === 0) return;
  const above = [dataDirectory(), layersDirectory(), layerDirectory(name)];
  for (const directory of [...above, ...parts]) makePrivate(directory);
}

/** Before a launch: what takes a layer away again that only this launch has made. */
export function layerUndo({ name, spec }: SandboxRecord): () => Promise<void> {
  const isNew = spec.overlay === "kept" && !existsSync(layerDirectory(name));
  return async () => {
    if (isNew) await removeTree(layerDirectory(name));
  };
}

export function listLayers({ registry }: SandboxHost): readonly KeptLayer[] {
  const records = registry.records();
  return namesOfLayers().map((name) => ({
    name,
    directory: layerDirectory(name),
    usedAtMs: statSync(layerDirectory(name)).mtimeMs,
    inUse: records.some((record) => uses(record, name)),
  }));
}

/** Throws invalidRequest, sandboxRunning. */
export async function removeLayer({ registry }: SandboxHost, name: string): Promise<void> {
  if (!namesOfLayers().includes(name)) {
    throw new TerrariumError("invalidRequest", {
      reason: `There is no kept layer "${name}". "terrarium layers" lists those that exist.`,
    });
  }
  const aside = layerDirectory(`.${name}.${process.pid}`);
  await registry.exclusively(() => {
    const user = registry.records().find((record) => uses(record, name));
    if (user) throw new TerrariumError("sandboxRunning", { target: name });
    renameSync(layerDirectory(name), aside);
  });
  await removeTree(aside);
}

function uses({ name, spec }: SandboxRecord, layer: string): boolean {
  return name === layer && spec.overlay === "kept";
}

function namesOfLayers(): readonly string[] {
  const directory = layersDirectory();
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => !name.startsWith("."))
    .sort();
}

/** rm(1) and not Node: what is inside may be nested deeper than a path can be long. */
async function removeTree(directory: string): Promise<void> {
  await promisify(execFile)("/bin/rm", ["-rf", "--one-file-system", "--", directory]);
}
