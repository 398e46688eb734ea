import type { FeatureReport } from "../../protocol/features.ts";
import { type Command, exitCodes, jsonOption } from "../command.ts";
import { isSet } from "../options.ts";
import { type Column, formatTable } from "../text.ts";

export const featuresCommand: Command = {
  name: "features",
  summary: "ask the kernel what it can do, and say what follows",
  usage: "features [--json]",
  options: [jsonOption],
  run: async ({ connection, print }, parsed) => {
    const features = await connection.request("host/features", {});
    print(
      isSet(parsed, "json") ? JSON.stringify(features, null, 2) : formatTable(columns, features),
    );
    return exitCodes.ok;
  },
};

const columns = [
  { title: "FEATURE", value: ({ name }) => name },
  { title: "HERE", value: ({ available }) => (available ? "yes" : "no") },
  { title: "WHAT TERRARIUM DOES", value: ({ path }) => path },
  { title: "THE KERNEL'S ANSWER", value: ({ answer }) => answer },
] satisfies readonly Column<FeatureReport>[];
