import { commands } from "../cli/main.ts";
import { referencePage } from "./page.ts";
import { sandboxFileSchema } from "./schema.ts";

/** The committed files that are made from the tables: path in the checkout to text. */
export function referenceFiles(): Readonly<Record<string, string>> {
  const schema = sandboxFileSchema();
  return {
    "media/sandbox.schema.json": `${JSON.stringify(schema, null, 2)}\n`,
    "docs/reference.md": referencePage(commands, schema),
  };
}
