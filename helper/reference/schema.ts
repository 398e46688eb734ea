import * as z from "zod/mini";
import { specTable } from "../cli/spec/table.ts";
import { linkController } from "../limits/files/link.ts";
import { cgroupRows, type LimitRow } from "../limits/table.ts";
import { limitFacts } from "../protocol/limits.ts";
import { sandboxFile } from "../protocol/sandboxFile.ts";

export type JsonSchema = z.core.JSONSchema.JSONSchema;

/** The JSON schema of sandbox.json, draft 7 as editors know it, with words at every key. */
export function sandboxFileSchema(): JsonSchema {
  const schema = z.toJSONSchema(sandboxFile, { io: "input", target: "draft-7" });
  return {
    title: "sandbox.json",
    description: "A Terrarium sandbox.",
    // VS Code's own words for its own parser: what `terrarium` takes, the editor must not underline.
    allowComments: true,
    allowTrailingCommas: true,
    ...describeKeys(schema, ""),
  };
}

/** `markdownDescription` is not used: `description` is what every editor shows. */
function describeKeys(schema: JsonSchema, path: string): JsonSchema {
  const { properties, items, oneOf } = schema;
  return {
    ...schema,
    ...(properties && { properties: describeProperties(properties, path) }),
    ...(isSchema(items) && { items: describeKeys(items, path) }),
    ...(oneOf && { oneOf: oneOf.map((one) => (isSchema(one) ? describeKeys(one, path) : one)) }),
  };
}

function describeProperties(
  properties: NonNullable<JsonSchema["properties"]>,
  path: string,
): NonNullable<JsonSchema["properties"]> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => {
      const place = path === "" ? key : `${path}.${key}`;
      if (!isSchema(value)) return [key, value];
      return [key, { description: wordsOf(place), ...describeKeys(value, place) }];
    }),
  );
}

function wordsOf(place: string): string {
  const words = keyWords.get(place);
  if (words === undefined)
    throw new Error(`helper/cli/spec/table.ts does not say what ${place} is`);
  return words;
}

/** From the limit table: what it bounds, and the file that it becomes in either version of cgroups. */
const limitWords = cgroupRows.map(
  ({ limit, controller, v1, v2 }): [place: string, words: string] => {
    const { key, label, help, unit } = limitFacts[limit];
    const microseconds = unit === "us" ? " Microseconds." : "";
    const files =
      controller === linkController
        ? `Bytes per second, or as 10mbit, of a network of mode veth or nat; ${whereIn(v2, "on its host's end")}`
        : `${whereIn(v2, "cgroup v2")}, ${whereIn(v1, "v1")}`;
    return [`limits.${key}`, `${label}: ${help}.${microseconds} ${files}.`];
  },
);

function whereIn(file: LimitRow["v1"], version: string): string {
  return "reason" in file ? `none in ${version} (${file.reason})` : `${file.name} (${version})`;
}

/** By the place of a key. */
export const keyWords: ReadonlyMap<string, string> = new Map([
  ...Object.entries(specTable).flatMap(([key, { words, below = {} }]): [string, string][] => [
    [key, words],
    ...Object.entries(below).map(([place, means]): [string, string] => [`${key}.${place}`, means]),
  ]),
  ...limitWords,
]);

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
