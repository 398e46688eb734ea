import { UserError } from "../failure.ts";

/** A task of tasks.json, as package.json describes it; read once, here. */
export interface SandboxTask {
  readonly command: string;
  readonly args: readonly string[];
  /** Inside. */
  readonly cwd?: string | undefined;
  readonly place: TaskPlace;
  /** Of a container: paths inside, and where the same files are here; the longest first. */
  readonly paths: readonly MappedPath[];
}

export type TaskPlace =
  /** A new sandbox, as `spec` says in the words of sandbox.json; absent: as a sandboxed terminal. */
  | { readonly kind: "new"; readonly spec?: object | undefined }
  | { readonly kind: "sandbox"; readonly name: string }
  /** Its key in the inventory, its id, or its name. */
  | { readonly kind: "container"; readonly container: string };

export interface MappedPath {
  readonly inside: string;
  readonly here: string;
}

type Raw = Readonly<Record<string, unknown>>;

/** Throws a UserError that names what is wrong. */
export function readDefinition(raw: Raw): SandboxTask {
  const { command, args = [], cwd, paths = {} } = raw;
  if (typeof command !== "string" || command === "") throw wrong("command", "the program to run");
  if (!isTexts(args)) throw wrong("args", "a list of texts");
  if (cwd !== undefined && typeof cwd !== "string") throw wrong("cwd", "a path inside");
  return { command, args, cwd, place: placeOf(raw), paths: pathsOf(paths) };
}

function placeOf({ sandbox, container }: Raw): TaskPlace {
  if (sandbox !== undefined && container !== undefined) {
    throw new UserError('A task has a "sandbox" or a "container", not both.');
  }
  if (container !== undefined) {
    if (typeof container !== "string") throw wrong("container", "a name, id or key");
    return { kind: "container", container };
  }
  if (typeof sandbox === "string") return { kind: "sandbox", name: sandbox };
  if (sandbox === undefined || isObject(sandbox)) return { kind: "new", spec: sandbox };
  throw wrong("sandbox", "the name of one that runs, or what a sandbox.json says");
}

function pathsOf(raw: unknown): readonly MappedPath[] {
  const words = "paths inside, each with the same place here";
  if (!isObject(raw)) throw wrong("paths", words);
  const paths = Object.entries(raw).map(([inside, here]) => {
    // A variable of tasks.json is a path as soon as VS Code has put its value there.
    const isPath = typeof here === "string" && /^(\/|\$\{)/.test(here);
    if (!inside.startsWith("/") || !isPath) throw wrong("paths", words);
    return { inside: withoutSlash(inside), here: withoutSlash(here) };
  });
  return paths.sort((a, b) => b.inside.length - a.inside.length);
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, "");
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(key: string, words: string): UserError {
  return new UserError(`"${key}" of the task must be ${words}.`);
}
