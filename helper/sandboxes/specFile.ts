import { resolve } from "node:path";
import * as z from "zod/mini";
import { wantedDevice } from "../protocol/devices.ts";
import { TerrariumError } from "../protocol/errors.ts";
import { limitsFromWords } from "../protocol/limitWords.ts";
import { nearest } from "../protocol/nearest.ts";
import {
  folderVariable,
  mountFromWords,
  type SandboxFile,
  sandboxFile,
} from "../protocol/sandboxFile.ts";
import type { SandboxSpecInput } from "../protocol/schemas.ts";
import { refuseLeadingOut } from "./containment.ts";
import { parseJsonc } from "./jsonc.ts";

/**
 * The spec that a sandbox.json asks for, with only what the file says: defaults come later, so that flags
 * and the editor can put theirs between. `folder` is the file's own folder: ${workspaceFolder}, and where
 * relative paths begin; they stay there. Throws invalidRequest, pathRefused.
 */
export function readSandboxFile(text: string, folder: string): SandboxSpecInput {
  const raw = substitute(parse(text), folder);
  const checked = sandboxFile.safeParse(raw, { reportInput: true });
  if (!checked.success) throw refuse(describeIssue(checked.error.issues[0]));
  const spec = toSpec(checked.data, folder, Object.keys(Object(raw)));
  refuseLeadingOut(folder, hostPaths(spec));
  return guardFolder(spec, folder);
}

function hostPaths({ rootfs, workspace, mounts, devices }: SandboxSpecInput): readonly string[] {
  const root = rootfs && rootfs.type !== "host" ? [rootfs.path] : [];
  const sources = mounts?.flatMap((mount) => (mount.type === "bind" ? [mount.source] : []));
  const nodes = devices?.map((text) => wantedDevice(text).source);
  return [
    ...root,
    ...(workspace === undefined ? [] : [workspace]),
    ...(sources ?? []),
    ...(nodes ?? []),
  ];
}

function parse(text: string): unknown {
  try {
    return parseJsonc(text);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
}

/** Every string but the keys. The folder's name is put in whole: what it looks like is never read again. */
function substitute(value: unknown, folder: string): unknown {
  if (typeof value === "string") return value.replaceAll(folderVariable, () => folder);
  if (Array.isArray(value)) return value.map((item) => substitute(item, folder));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, substitute(item, folder)]),
  );
}

function toSpec(file: SandboxFile, folder: string, written: readonly string[]): SandboxSpecInput {
  const { $schema: _schema, limits, mounts, rootfs, workspace, ...rest } = file;
  const spec: SandboxSpecInput = {
    ...rest,
    rootfs:
      rootfs && rootfs.type !== "host" ? { ...rootfs, path: resolve(folder, rootfs.path) } : rootfs,
    workspace: workspace === undefined ? undefined : resolve(folder, workspace),
    mounts: mounts?.map((mount) => mountFromWords(mount, (path) => resolve(folder, path))),
    limits: limits === undefined ? undefined : limitsFromWords(limits),
  };
  return Object.fromEntries(Object.entries(spec).filter(([key]) => written.includes(key)));
}

/** The file's own folder, mounted to write at its own path, is the workspace: its git hooks are guarded. */
function guardFolder(spec: SandboxSpecInput, folder: string): SandboxSpecInput {
  const isFolder = (mount: NonNullable<SandboxSpecInput["mounts"]>[number]) =>
    mount.type === "bind" &&
    !mount.readOnly &&
    mount.source === folder &&
    resolve(mount.target) === folder;
  if (spec.workspace !== undefined || !spec.mounts?.some(isFolder)) return spec;
  return {
    ...spec,
    workspace: folder,
    mounts: spec.mounts.filter((mount) => !isFolder(mount)),
  };
}

function describeIssue(issue: z.core.$ZodIssue | undefined): string {
  if (!issue) return "it is malformed";
  const where = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  if (issue.code === "unrecognized_keys") return where + describeUnknownKey(issue);
  if (issue.code === "invalid_value") return where + describeChoice(issue.values, issue.input);
  if (issue.code === "invalid_union" && "options" in issue && issue.options)
    return where + describeChoice(issue.options, discriminatorOf(issue));
  // What is wrong with a key stands one level below.
  return where + (issue.code === "invalid_key" ? issue.issues[0]?.message : issue.message);
}

/** `must be none, ephemeral or kept; did you mean "kept"?` */
function describeChoice(values: readonly unknown[], input: unknown): string {
  const known = values.map(String);
  const guess = typeof input === "string" ? nearest(input, known) : undefined;
  const words = `must be one of ${known.join(", ")}`;
  return guess === undefined ? words : `${words}; did you mean "${guess}"?`;
}

/** What stands where an alternative is named: `type` of a mount. */
function discriminatorOf({ discriminator = "", input }: z.core.$ZodIssueInvalidUnion): unknown {
  return new Map(Object.entries(Object(input))).get(discriminator);
}

function describeUnknownKey({ keys, path }: z.core.$ZodIssueUnrecognizedKeys): string {
  const [key = ""] = keys;
  const known = knownKeys(z.toJSONSchema(sandboxFile, { io: "input" }), path);
  const guess = nearest(key, known);
  return `there is no key "${key}"; ${guess ? `did you mean "${guess}"?` : `there are ${known.join(", ")}`}`;
}

/** The keys that the schema knows at a place; the alternatives of a union have theirs together. */
function knownKeys(schema: z.core.JSONSchema._JSONSchema, path: readonly PropertyKey[]): string[] {
  if (typeof schema === "boolean") return [];
  const [step, ...rest] = path;
  const alternatives = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  const own =
    step === undefined
      ? [...Object.keys(schema.properties ?? {}), ...enumeratedKeys(schema)]
      : nextSchemas(schema, step).flatMap((next) => knownKeys(next, rest));
  return [...new Set([...own, ...alternatives.flatMap((other) => knownKeys(other, path))])];
}

/** Those of a record whose keys are a closed set: ulimits. */
function enumeratedKeys({ propertyNames }: z.core.JSONSchema.JSONSchema): readonly string[] {
  return typeof propertyNames === "object" ? (propertyNames.enum ?? []).map(String) : [];
}

function nextSchemas(
  { properties, items }: z.core.JSONSchema.JSONSchema,
  step: PropertyKey,
): readonly z.core.JSONSchema._JSONSchema[] {
  if (typeof step !== "number") return [properties?.[String(step)] ?? []].flat();
  return [items ?? []].flat();
}

function refuse(reason: string): TerrariumError {
  return new TerrariumError("invalidRequest", {
    reason: `sandbox.json: ${reason}${/[.?]$/.test(reason) ? "" : "."}`,
  });
}
