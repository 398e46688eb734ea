import type { CommandWords } from "../cli/command.ts";
import { commandHelp } from "../cli/help.ts";
import { resourceSection } from "./resources.ts";
import type { JsonSchema } from "./schema.ts";
import { usageSection } from "./usage.ts";

/** docs/reference.md: every command with its options, every key of sandbox.json, every figure of usage. */
export function referencePage(commands: readonly CommandWords[], schema: JsonSchema): string {
  return `${[
    "# Reference",
    "",
    "Made by `npm run reference` from the tables that the program itself runs by; do not edit.",
    "",
    "## The command line",
    ...commands.flatMap(describeCommand),
    "",
    "## sandbox.json",
    "",
    ...introduction,
    "",
    "| key | takes | means |",
    "| --- | --- | --- |",
    ...keys(schema, "").map(describeKey),
    "",
    ...resourceSection(),
    "",
    ...usageSection(),
  ].join("\n")}\n`;
}

const introduction = [
  "`terrarium run --config sandbox.json`; the editor's *Sandboxed Shell* reads the one at the root of a",
  "trusted workspace. Comments and a comma after the last element are allowed, unknown keys are errors.",
  `\`$${"{workspaceFolder}"}\` is the folder of the file.`,
];

function describeCommand(command: CommandWords): string[] {
  return ["", `### terrarium ${command.name}`, "", "```", commandHelp(command), "```"];
}

interface Key {
  readonly path: string;
  /** One for each alternative of a union. */
  readonly schemas: readonly JsonSchema[];
}

/** Depth first, as they stand in the file. */
function keys(schema: JsonSchema, path: string): Key[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, value]): Key[] => {
    if (typeof value === "boolean") return [];
    const place = path === "" ? key : `${path}.${key}`;
    return [{ path: place, schemas: [value] }, ...keys(value, place)];
  });
  const nested = [schema.items ?? [], schema.oneOf ?? []].flat();
  const below = nested.flatMap((next) => (typeof next === "boolean" ? [] : keys(next, path)));
  return merge([...own, ...below]);
}

function merge(all: readonly Key[]): Key[] {
  const paths = [...new Set(all.map(({ path }) => path))];
  return paths.map((path) => ({
    path,
    schemas: all.flatMap((key) => (key.path === path ? key.schemas : [])),
  }));
}

function describeKey({ path, schemas }: Key): string {
  const kinds = [...new Set(schemas.map(takes))].join(" or ");
  return `| \`${path}\` | ${kinds} | ${schemas[0]?.description ?? ""} |`;
}

/** `string`, `keep-id or root`, `integer, 1000 to 1000000`. */
function takes(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(" or ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  const alternatives = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  if (alternatives.length > 0) {
    const types = alternatives.flatMap((one) => (typeof one === "boolean" ? [] : (one.type ?? [])));
    return [...new Set(types)].join(" or ");
  }
  const { type = "any", minimum, maximum } = schema;
  return minimum === undefined ? `${type}` : `${type}, ${minimum} to ${maximum}`;
}
