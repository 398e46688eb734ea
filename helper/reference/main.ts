import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { referenceFiles } from "./files.ts";

/** `npm run reference`: writes what is made from the tables; a unit test compares. */
const checkout = join(import.meta.dirname, "..", "..");

for (const [path, text] of Object.entries(referenceFiles()))
  writeFileSync(join(checkout, path), text);
