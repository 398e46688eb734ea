import type { KeptLayer } from "../../protocol/overlays.ts";
import { printable } from "../../protocol/printable.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { isSet } from "../options.ts";
import { type Column, formatAge, formatTable } from "../text.ts";
import { UsageError } from "../usage.ts";

export const layersCommand: Command = {
  name: "layers",
  summary: "list or remove kept overlays and images",
  usage: "layers [--json] | layers rm NAME...",
  options: [jsonOption],
  run: async ({ connection, print }, parsed) => {
    const [verb, ...names] = parsed.positionals;
    if (verb === undefined) {
      const layers = await connection.request("layer/list", {});
      print(isSet(parsed, "json") ? JSON.stringify(layers, null, 2) : formatTable(columns, layers));
      return exitCodes.ok;
    }
    if (verb !== "rm" || names.length === 0) {
      throw new UsageError(`"layers ${verb}" is incomplete`, "It is written layers rm NAME.");
    }
    for (const name of names) {
      await connection.request("layer/remove", { name });
      print(name);
    }
    return exitCodes.ok;
  },
};

const columns = [
  { title: "NAME", value: ({ name }) => printable(name) },
  { title: "KIND", value: ({ kind }) => kind },
  { title: "USED", value: ({ usedAtMs }) => `${formatAge(Date.now() - usedAtMs)} ago` },
  { title: "BY A SANDBOX", value: ({ inUse }) => (inUse ? "yes" : "no") },
  { title: "DIRECTORY", value: ({ directory }) => printable(directory) },
] satisfies readonly Column<KeptLayer>[];
