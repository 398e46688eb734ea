import { existsSync, readdirSync, renameSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { TerrariumError } from "../../protocol/errors.ts";
import type { KeptLayer } from "../../protocol/overlays.ts";
import type { PlannedMount } from "../../protocol/plan.ts";
import type { SandboxSpec } from "../../protocol/schemas.ts";
import type { SandboxHost } from "../host.ts";
import { makePrivate } from "../privateDirectory.ts";
import type { SandboxRecord } from "../record.ts";
import { dataDirectory, removeTree } from "./dataDirectory.ts";
import { imagesDirectory } from "./images.ts";

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

/** Where there is something to list: what one sandbox after the other keeps, and what tarballs became. */
const stores = [
  { kind: "layer", directory: layersDirectory, uses: usesLayer },
  { kind: "image", directory: imagesDirectory, uses: usesImage },
] as const;

export function listLayers({ registry }: SandboxHost): readonly KeptLayer[] {
  const records = registry.records();
  return stores.flatMap(({ kind, directory, uses }) =>
    entries(directory()).map((name) => ({
      kind,
      name,
      directory: join(directory(), name),
      usedAtMs: statSync(join(directory(), name)).mtimeMs,
      inUse: records.some((record) => uses(record, name)),
    })),
  );
}

/** Throws invalidRequest, sandboxRunning. */
export async function removeLayer({ registry }: SandboxHost, name: string): Promise<void> {
  const store = stores.find(({ directory }) => entries(directory()).includes(name));
  if (!store) {
    throw new TerrariumError("invalidRequest", {
      reason: `There is no kept layer "${name}". "terrarium layers" lists those that exist.`,
    });
  }
  const aside = join(store.directory(), `.${process.pid}.${name}`);
  await registry.exclusively(() => {
    const user = registry.records().find((record) => store.uses(record, name));
    if (user) throw new TerrariumError("sandboxRunning", { target: user.name });
    renameSync(join(store.directory(), name), aside);
  });
  await removeTree(aside);
}

function usesLayer({ name, spec }: SandboxRecord, layer: string): boolean {
  return name === layer && spec.overlay === "kept";
}

function usesImage({ image }: SandboxRecord, name: string): boolean {
  return image !== undefined && basename(image) === name;
}

/** What begins with a dot is being made or removed. */
function entries(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => !name.startsWith("."))
    .sort();
}
