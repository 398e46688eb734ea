import { resolve } from "node:path";
import { parseBytes } from "../../protocol/bytes.ts";
import { kernelFileSystems } from "../../protocol/mounts.ts";
import type { SandboxSpecInput } from "../../protocol/schemas.ts";
import { oneOf } from "../choice.ts";
import { UsageError } from "../usage.ts";

type Mount = NonNullable<SandboxSpecInput["mounts"]>[number];

/** Docker's three ways to say what is mounted; this one is `-v`. */
export function readVolume(text: string): Mount {
  const match = /^([^:]+):(\/[^:]*)(?::(ro|rw))?$/.exec(text);
  if (!match) {
    throw new UsageError(
      `--volume ${text} is malformed`,
      "It is written SOURCE:/TARGET or SOURCE:/TARGET:ro.",
    );
  }
  const [, source = "", target = "", mode] = match;
  return { type: "bind", source: resolve(source), target, readOnly: mode === "ro" };
}

export function readTmpfs(text: string): Mount {
  const at = text.indexOf(":");
  const words = fields(at < 0 ? "" : text.slice(at + 1));
  const known = take(`--tmpfs ${text}`, words, ["size", "mode"]);
  return tmpfs(`--tmpfs ${text}`, at < 0 ? text : text.slice(0, at), known["size"], known["mode"]);
}

const synonyms: Readonly<Record<string, string>> = {
  src: "source",
  dst: "target",
  destination: "target",
  ro: "readonly",
};

/** Per type, the words that it takes beside `target`; Docker's own. */
const mountWords: Readonly<Record<string, readonly string[]>> = {
  bind: ["source", "readonly", "bind-recursive"],
  tmpfs: ["tmpfs-size", "tmpfs-mode"],
};

export function readMount(text: string): Mount {
  const spelled = `--mount ${text}`;
  const words = fields(text).map(([key, value]) => [synonyms[key] ?? key, value] as const);
  const type = new Map(words).get("type");
  const kernel = kernelFileSystems.find((known) => known === type);
  const extra = mountWords[type ?? ""] ?? (kernel ? [] : undefined);
  if (!extra) {
    const types = [...Object.keys(mountWords), ...kernelFileSystems].join(", ");
    throw new UsageError(`${spelled}: the type is missing or unknown`, `There are ${types}.`);
  }
  const known = take(spelled, words, ["type", "target", ...extra]);
  const target = needed(spelled, known, "target");
  if (kernel) return { type: kernel, target };
  if (type === "tmpfs") return tmpfs(spelled, target, known["tmpfs-size"], known["tmpfs-mode"]);
  const source = resolve(needed(spelled, known, "source"));
  checkValues(spelled, known);
  return {
    type: "bind",
    source,
    target,
    readOnly: (known["readonly"] ?? "false") !== "false",
    recursive: known["bind-recursive"] !== "disabled",
  };
}

const values: Readonly<Record<string, readonly string[]>> = {
  readonly: ["true", "false"],
  "bind-recursive": ["enabled", "disabled"],
};

function checkValues(spelled: string, words: Readonly<Record<string, string>>): void {
  for (const [key, known] of Object.entries(values)) {
    const value = words[key];
    if (value) oneOf(`${spelled}: ${key}`, known, value);
  }
}

function tmpfs(spelled: string, target: string, size: string | undefined, mode = "1777"): Mount {
  const sizeBytes = size === undefined ? undefined : parseBytes(size);
  if (size !== undefined && sizeBytes === undefined) {
    throw new UsageError(`${spelled}: ${size} is no size`, "It is written 64m, 1g or in bytes.");
  }
  return { type: "tmpfs", target, mode, ...(sizeBytes === undefined ? {} : { sizeBytes }) };
}

/** `a=b,c` as pairs; a word alone has the empty value. */
function fields(text: string): (readonly [key: string, value: string])[] {
  return text.split(",").flatMap((field) => {
    const at = field.indexOf("=");
    if (field === "") return [];
    return [at < 0 ? ([field, ""] as const) : ([field.slice(0, at), field.slice(at + 1)] as const)];
  });
}

function take(
  spelled: string,
  words: readonly (readonly [string, string])[],
  known: readonly string[],
): Readonly<Record<string, string>> {
  for (const [key] of words) oneOf(`${spelled}:`, known, key);
  return Object.fromEntries(words);
}

function needed(spelled: string, words: Readonly<Record<string, string>>, key: string): string {
  const value = words[key];
  if (value) return value;
  throw new UsageError(`${spelled}: ${key} is missing`, `It is written ${key}=PATH.`);
}
